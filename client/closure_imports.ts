/**
 * What an import of the user's module is on an engine: the same specifier, as a full one; a module that travels; or a
 * value of Troupe itself.
 *
 * Resolves text, loads nothing. Called by `closure_graph.ts`.
 * @module
 */
import { MODULE_SCHEME } from "../protocol/shipped_names.ts";
import { SerializationError } from "../wire/errors.ts";
import { localModule } from "./module_bundle.ts";
import type { ModuleRef } from "./shipped_text.ts";

const LIBRARY = new URL("../mod.ts", import.meta.url).href;
const FULL = /^(?:npm|jsr|node|https?|data):/;
const RELATIVE = /^\.{0,2}\//;

/** What engines import. */
export interface TravellingImport {
  /** A full specifier; `MODULE_SCHEME` and a hash for a module that travels. */
  readonly specifier: string;
  readonly module: ModuleRef | null;
}

/** What becomes of an import. `f`: the function that imports it, for errors. Throws `SerializationError`. */
export type ResolveImport = (f: string, specifier: string, scriptUrl: string) => TravellingImport;

/** For functions that run in this program: modules stay where they are. */
export function importHere(f: string, specifier: string, scriptUrl: string): TravellingImport {
  return { specifier: resolve(f, specifier, scriptUrl), module: null };
}

/** For functions that go to engines. Throws `SerializationError` for what can't be resolved, and what can't be bundled. */
export function travellingImport(f: string, specifier: string, scriptUrl: string): TravellingImport {
  const resolved = resolve(f, specifier, scriptUrl);
  if (resolved === LIBRARY) {
    throw new SerializationError(
      `Cannot ship "${f}": it imports Troupe, of which tasks have only currentTask() and the errors; name those you use ` +
        `in a static import, import { currentTask } from "${specifier}".`,
    );
  }
  if (!resolved.startsWith("file:")) return { specifier: resolved, module: null };
  const module = localModule(resolved);
  return { specifier: `${MODULE_SCHEME}${module.hash}`, module };
}

/** Whether the specifier is Troupe itself. */
export function isLibrary(f: string, specifier: string, scriptUrl: string): boolean {
  return resolve(f, specifier, scriptUrl) === LIBRARY;
}

function resolve(f: string, specifier: string, scriptUrl: string): string {
  if (FULL.test(specifier) || specifier.startsWith("file:")) return specifier;
  try {
    // The import map is that of the program, whatever module asks.
    return RELATIVE.test(specifier) ? new URL(specifier, scriptUrl).href : import.meta.resolve(specifier);
  } catch (cause) {
    const where = scriptUrl === "" ? "" : ` from "${scriptUrl}"`;
    throw new SerializationError(
      `Cannot ship "${f}": its import of "${specifier}"${where} can't be resolved; write "npm:${specifier}", or a full URL.`,
      { cause },
    );
  }
}
