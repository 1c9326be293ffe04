/**
 * Modules that exist on this machine alone, as they travel with the functions that import them.
 *
 * Called by `closure_imports.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { SerializationError } from "../wire/errors.ts";

/** A module as it travels. */
export interface ModuleRef {
  readonly hash: ContentHash;
  readonly source: Uint8Array;
}

/** The module at a `file:` URL. Throws `SerializationError`. */
export function localModule(url: string): ModuleRef {
  throw new SerializationError(
    `Cannot ship the module "${url}": local modules do not travel with functions yet; publish it, or import from "npm:" or "https:".`,
  );
}
