/** A user's module with two files, an import of Node's and one of the library. @module */
import { currentTask, UnmetDependency } from "../../../../mod.ts";
import { count, packedLength } from "./lib/helper.ts";

export { count };

/** Not a function. */
export const LIMIT = 5;

/** Calls into the other file. */
export function pack(size: number): number {
  return packedLength(size);
}

/** Uses the library. */
export function where(): number {
  return currentTask().engineId;
}

/** Throws an error of the library's. */
export function decline(): never {
  throw new UnmetDependency("not here");
}
