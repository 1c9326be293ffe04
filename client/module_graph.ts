/**
 * What a module imports, directly and through others: its files, and the names under which they import the rest.
 *
 * Asks `deno info`, which knows the import map and every rule of resolution; reads nothing itself. Called by
 * `module_bundle.ts`.
 * @module
 */
import { runDeno } from "./deno_command.ts";

/** The modules behind one. */
export interface ModuleGraph {
  /** The user's own files, as `file:` URLs, the module itself among them. */
  readonly files: readonly string[];
  /** Specifiers that stand in these files for what is no file: an import map's names, mostly. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Specifiers and paths by which these files import the library itself. */
  readonly library: readonly string[];
}

interface InfoDependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
}

interface InfoModule {
  readonly specifier: string;
  readonly dependencies?: readonly InfoDependency[];
  readonly error?: string;
}

const ROOT = new URL("../", import.meta.url).href;
/** The folders of the library itself. What else lies beside them, such as examples, is a user's. */
const LIBRARY =
  /^(mod\.ts$|(actors|broker|bus|cli|client|cluster|deps|engine|host|hub|protocol|scheduler|store|testing|wire)\/)/;

/** Throws `SerializationError` where a file can't be found or read; what is no file is not looked at. */
export function moduleGraph(url: URL): ModuleGraph {
  const text = runDeno(url, "read the imports of", ["info", "--json", "--no-lock", "--node-modules-dir=none"]);
  const { modules } = JSON.parse(text) as { readonly modules: readonly InfoModule[] };
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const files = new Set([url.href]);
  const aliases = new Map<string, string>();
  const library = new Set<string>();
  for (const file of files) {
    for (const { specifier, code } of known.get(file)?.dependencies ?? []) {
      const target = code?.specifier;
      if (target === undefined) continue;
      if (isLibrary(target)) library.add(target.startsWith("file:") ? pathOf(target) : specifier);
      else if (target.startsWith("file:")) files.add(target);
      else if (target !== specifier) aliases.set(specifier, target);
    }
  }
  return { files: [...files], aliases, library: [...library] };
}

function isLibrary(url: string): boolean {
  return url.startsWith(ROOT) && LIBRARY.test(url.slice(ROOT.length));
}

/** As it stands in a bundle for what was left out. */
function pathOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname);
}
