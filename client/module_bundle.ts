/**
 * A module of the user that only exists on the client's disk, as one text that engines can import.
 *
 * `deno bundle` joins it with the files that it imports; what comes from `npm:`, `jsr:`, `node:` or the net stays an
 * import, and so does the library itself, in a form that engines understand (`bundle_imports.ts`). `import.meta.url` in
 * it is not that of the file. Kept until a file changes. Called by `remote_module.ts`, `closure_imports.ts` and
 * `program_text.ts`.
 * @module
 */
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";
import { engineImports } from "./bundle_imports.ts";
import { runDeno } from "./deno_command.ts";
import { type ModuleGraph, moduleGraph } from "./module_graph.ts";
import type { ModuleRef } from "./shipped_text.ts";
import { SourceMap } from "./source_map.ts";

export type { ModuleRef } from "./shipped_text.ts";

/** Specifiers that engines import for themselves. */
const IMPORTED_THERE = ["npm:*", "jsr:*", "node:*", "https:*", "http:*", "data:*"];

/** A module and what its text was made from. */
export interface BundledModule extends ModuleRef {
  /** From positions in the text to those in the user's files. */
  readonly map: SourceMap;
}

interface Bundle {
  readonly module: BundledModule;
  /** When each file changed last, in ms. */
  readonly changed: ReadonlyMap<string, number>;
}

/** The bundles made so far, by the URL of their module. */
export class ModuleBundles {
  readonly #bundles = new Map<string, Bundle>();

  /** Throws `SerializationError` where a bundle can't be made, with what is to be done about it. */
  of(url: string): BundledModule {
    const parsed = fileUrl(url);
    const known = this.#bundles.get(parsed.href);
    if (known !== undefined && isFresh(known)) return known.module;
    const graph = moduleGraph(parsed);
    const changed = new Map(graph.files.map((file) => [file, changedAt(file)]));
    const module = bundled(parsed, graph);
    // The same text is the same module, whatever was written into its files.
    const kept = known?.module.hash === module.hash ? known.module : module;
    this.#bundles.set(parsed.href, { module: kept, changed });
    return kept;
  }
}

/** What stands on the disk is the same for all clients of a program. */
const LOCAL = new ModuleBundles();

/**
 * The module at a `file:` URL, with all that it imports from files. Throws `SerializationError` where there is none,
 * where it has an error, and where the program may not run `deno`.
 */
export function localModule(url: string): BundledModule {
  return LOCAL.of(url);
}

function fileUrl(url: string): URL {
  if (URL.canParse(url) && new URL(url).protocol === "file:") return new URL(url);
  throw new SerializationError(
    `Cannot bundle "${url}": it is no "file:" URL; give import.meta.resolve("./tasks.ts"), or import it by its specifier.`,
  );
}

function bundled(url: URL, graph: ModuleGraph): BundledModule {
  const left = [...IMPORTED_THERE, ...graph.aliases.keys(), ...graph.library];
  const text = runDeno(url, "bundle", [
    "bundle",
    "--quiet",
    "--no-lock",
    "--node-modules-dir=none",
    "--platform=deno",
    "--sourcemap=inline",
    ...left.map((specifier) => `--external=${specifier}`),
  ]);
  const [code, map] = SourceMap.split(text, new URL(".", url));
  const source = new TextEncoder().encode(engineImports(code, graph.aliases, graph.library));
  return { hash: contentHash(source), source, map };
}

function isFresh({ changed }: Bundle): boolean {
  for (const [file, at] of changed) if (changedAt(file) !== at) return false;
  return true;
}

/** -1 where that can't be seen: what can't be seen has not changed. */
function changedAt(file: string): number {
  try {
    return Deno.statSync(new URL(file)).mtime?.getTime() ?? -1;
  } catch {
    return -1;
  }
}
