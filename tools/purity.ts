/**
 * Checks that the scheduler's core stays pure: no clock, chance, timer, log, network, `Deno` or promise in it.
 *
 * Looks at names in the source, comments and strings apart. The poison test proves the same at run time for the paths
 * that tests reach; this one covers the rest. Called by `tools/check.ts`.
 * @module
 */
import { sourceFiles } from "./source_files.ts";

const PURE_PATHS = ["scheduler/core/", "protocol/", "wire/paged_table.ts"];

/** The contracts in `protocol/` may say that a method takes its time. */
const TYPE_NAMES_OF_PROTOCOL = new Set(["Promise"]);

const FORBIDDEN = [
  "Deno",
  "Date",
  "performance",
  "Math.random",
  "crypto",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "fetch",
  "console",
  "async",
  "await",
  "Promise",
  "globalThis",
  "process",
];

/** One impure name. */
export interface Impurity {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/** Blanks out comments and string contents, keeping the lines. */
function codeOnly(source: string): string {
  const plain = source
    .replaceAll(/\/\*[\s\S]*?\*\//g, (text) => text.replaceAll(/[^\n]/g, " "))
    .replaceAll(/(^|[^:"'`])\/\/.*$/gm, "$1");
  return withoutTemplateText(plain).replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

/** Templates without their text, but with the code in their holes. */
function withoutTemplateText(source: string): string {
  let code = "";
  /** For each template around: how many braces are open in its hole; -1 in its text. */
  const depths: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const char = source[i] ?? "";
    const depth = depths.at(-1);
    if (depth === -1) {
      if (char === "\\") i++;
      else if (char === "`") depths.pop();
      else if (char === "$" && source[i + 1] === "{") depths[depths.length - 1] = 0;
      code += char === "\n" ? char : " ";
    } else if (char === "`") {
      depths.push(-1);
      code += " ";
    } else if (depth !== undefined && char === "}" && depth <= 1) {
      depths[depths.length - 1] = -1;
      code += " ";
    } else {
      if (depth !== undefined && char === "{") depths[depths.length - 1] = depth + 1;
      if (depth !== undefined && char === "}") depths[depths.length - 1] = depth - 1;
      code += char;
    }
  }
  return code;
}

/** The impure names in one source. */
export function findImpurities(file: string, source: string): Impurity[] {
  const found: Impurity[] = [];
  codeOnly(source).split("\n").forEach((text, index) => {
    for (const name of FORBIDDEN) {
      if (file.startsWith("protocol/") && TYPE_NAMES_OF_PROTOCOL.has(name)) continue;
      const pattern = new RegExp(`(?<![\\w$.#"-])${name.replace(".", "\\.")}(?![\\w$"-])(?!\\s*[?:](?!:))`);
      if (pattern.test(text)) found.push({ file, line: index + 1, name });
    }
  });
  return found;
}

/** All impure names in the folders that must be pure. */
export async function checkPurity(): Promise<Impurity[]> {
  const files = (await sourceFiles()).filter(({ path }) => PURE_PATHS.some((folder) => path.startsWith(folder)));
  return files.flatMap(({ path, text }) => findImpurities(path, text));
}

if (import.meta.main) {
  const found = await checkPurity();
  for (const { file, line, name } of found) console.error(`${file}:${line} uses ${name}; the core is pure`);
  Deno.exit(found.length === 0 ? 0 : 1);
}
