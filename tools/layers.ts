/**
 * Checks the house: imports go one way, npm packages come in through `deps/` alone, every module has its header.
 *
 * Reads source text only and runs nothing of it. Called by `tools/check.ts`; run alone it prints what it finds and exits
 * 1 when there is something.
 * @module
 */
import { sourceFiles } from "./source_files.ts";

/** What a folder may import besides itself. Folders that are not listed (tests, tools, examples, bench) are free. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  deps: [],
  protocol: [],
  wire: ["protocol", "deps"],
  "scheduler/core": ["protocol"],
  bus: ["wire", "protocol", "deps"],
  broker: ["bus", "wire", "protocol", "deps"],
  actors: ["bus", "wire", "protocol", "deps"],
  store: ["wire", "protocol", "deps"],
  scheduler: ["scheduler/core", "actors", "store", "bus", "wire", "protocol"],
  hub: ["actors", "store", "bus", "wire", "protocol"],
  host: ["actors", "store", "bus", "wire", "protocol"],
  client: ["actors", "store", "bus", "wire", "protocol", "deps"],
  engine: ["wire", "protocol"],
  cluster: [
    "scheduler",
    "scheduler/core",
    "hub",
    "host",
    "client",
    "engine",
    "actors",
    "broker",
    "store",
    "bus",
    "wire",
    "protocol",
    "deps",
  ],
  cli: ["cluster", "client", "hub", "wire", "protocol", "deps"],
  dashboard: ["cluster", "client", "hub", "wire", "protocol", "deps"],
};

/** Single files that a layer may import besides: those of the core pure, and held to the same purity. */
const ALLOWED_FILES: Readonly<Record<string, readonly string[]>> = {
  "scheduler/core": ["wire/paged_table.ts"],
  client: ["deps/acorn.ts", "deps/eslint_scope.ts"],
};

/** A host names the entry file of its engines as text; it never loads it. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;"'`]*?from\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*[,)]/g;

/** One broken rule. */
export interface LayerViolation {
  readonly file: string;
  readonly message: string;
}

/** The layer a file of the project belongs to. */
function layerOf(path: string): string {
  return path.startsWith("scheduler/core/")
    ? "scheduler/core"
    : path.includes("/")
    ? path.slice(0, path.indexOf("/"))
    : "";
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

function checkImport(file: string, layer: string, specifier: string): string | null {
  if (specifier.startsWith("npm:")) {
    return layer === "deps" || !(layer in ALLOWED)
      ? null
      : `imports "${specifier}"; npm packages come in through deps/ alone`;
  }
  if (specifier.startsWith("node:")) {
    return layer === "protocol" || layer === "scheduler/core" ? `imports "${specifier}"; this layer has no I/O` : null;
  }
  if (!specifier.startsWith(".")) {
    return `imports "${specifier}"; only relative, npm: and node: specifiers work from a URL`;
  }
  const allowed = ALLOWED[layer];
  const target = layerOf(resolve(file, specifier));
  if (ALLOWED_FILES[layer]?.includes(resolve(file, specifier))) return null;
  if (allowed === undefined || target === layer || allowed.includes(target)) return null;
  return `imports "${specifier}" (${target || "the root"}); ${layer} may import ${
    allowed.join(", ") || "nothing of ours"
  }`;
}

function checkHeader(source: string): string | null {
  const start = source.replace(/^#!.*\n/, "");
  return /^\/\*\*[\s\S]*?@module[\s\S]*?\*\//.test(start) ? null : "does not open with a /** … @module */ header";
}

/** All violations in one file. */
export function checkSource(file: string, source: string): LayerViolation[] {
  const layer = layerOf(file);
  const found: LayerViolation[] = [];
  for (const match of withoutComments(source).matchAll(IMPORT)) {
    const message = checkImport(file, layer, match[1] ?? match[2] ?? match[3] ?? "");
    if (message !== null) found.push({ file, message });
  }
  const header = checkHeader(source);
  if (header !== null && (layer in ALLOWED || layer === "")) found.push({ file, message: header });
  return found;
}

/** All violations of the project. */
export async function checkLayers(): Promise<LayerViolation[]> {
  const found: LayerViolation[] = [];
  for (const { path, text } of await sourceFiles()) found.push(...checkSource(path, text));
  return found;
}

if (import.meta.main) {
  const found = await checkLayers();
  for (const { file, message } of found) console.error(`${file} ${message}`);
  Deno.exit(found.length === 0 ? 0 : 1);
}
