/**
 * The imports that stay in a bundle, made such that an engine understands them.
 *
 * Names of the client's import map become what they stand for; the library itself becomes a small module that takes its
 * exports from the engine. Pure text, of the regular form in which bundles are printed. Called by `module_bundle.ts`.
 * @module
 */

import { EXPORTS_KEY } from "../protocol/shipped_names.ts";

/** Where engines offer what they have of the library. */
const EXPORTS = `globalThis[Symbol.for("${EXPORTS_KEY}")]`;

/** `import … from "x"`, `export … from "x"`, `import "x"`: bundles have them at the begin of a line. */
const STATIC = /^(import|export)\b([^;"'`]*?)"((?:[^"\\\n]|\\.)*)"([^;\n]*);?$/gm;
const DYNAMIC = /\bimport\(\s*"((?:[^"\\\n]|\\.)*)"/g;

/** `aliases`: what to import instead. `library`: specifiers that are the library. */
export function engineImports(
  text: string,
  aliases: ReadonlyMap<string, string>,
  library: readonly string[],
): string {
  const target = (specifier: string) => aliases.get(specifier) ?? specifier;
  return text
    .replace(STATIC, (all, keyword: string, clause: string, quoted: string, rest: string) => {
      const specifier = unquoted(quoted);
      if (library.includes(specifier)) return libraryImport(keyword, clause);
      return aliases.has(specifier) ? `${keyword}${clause}${JSON.stringify(target(specifier))}${rest};` : all;
    })
    .replace(DYNAMIC, (all, quoted: string) => {
      const specifier = unquoted(quoted);
      if (library.includes(specifier)) return `(async () => ${EXPORTS})(`;
      return aliases.has(specifier) ? `import(${JSON.stringify(target(specifier))}` : all;
    });
}

/** On one line, however many it was: the lines of a bundle are counted. */
function libraryImport(keyword: string, clause: string): string {
  const lines = "\n".repeat(clause.split("\n").length - 1);
  const namespace = /^\s*\*\s*as\s+(\S+)\s+from\s*$/.exec(clause)?.[1];
  if (namespace !== undefined && keyword === "import") return `import ${namespace} from ${libraryModule([])};${lines}`;
  const named = /^\s*\{([^}]*)\}\s*from\s*$/.exec(clause)?.[1];
  // Nothing of it is named: there is nothing to run, and nothing to pass on.
  if (named === undefined) return lines;
  const names = named.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const sources = names.map((name) => name.split(/\s+as\s+/)[0] ?? name);
  return `${keyword} { ${names.join(", ")} } from ${libraryModule(sources)};${lines}`;
}

/** A module that exports these names, and all as its default. */
function libraryModule(names: readonly string[]): string {
  const list = names.length === 0 ? "" : `export const {${[...new Set(names)]}}=t;`;
  const text = `const t=${EXPORTS};export default t;${list}`;
  return JSON.stringify(`data:text/javascript,${encodeURIComponent(text)}`);
}

function unquoted(quoted: string): string {
  return JSON.parse(`"${quoted}"`);
}
