/**
 * The names that both ends of a task know: what shipped text finds in an engine's process, and what it is called with.
 *
 * Strings only. Clients write them into the texts that they ship, the engine offers what is behind them. Functions that
 * are shipped as they stand can't import anything, and spell them out: `client/guard.ts`, `client/chunk_code.ts`,
 * `client/namespace_tasks.ts`.
 * @module
 */

/** `Symbol.for` of this is where the running process has the task that the calling code belongs to. */
export const CURRENT_TASK_KEY = "troupe.currentTask";

/** The same for what direct views define (`EngineNamespace`). */
export const NAMESPACE_KEY = "troupe.namespace";

/** The same for what loads the modules that travelled, by their hashes. */
export const MODULES_KEY = "troupe.modules";

/** The same for what tasks have of the library itself. */
export const EXPORTS_KEY = "troupe.exports";

/** The scheme of specifiers that name a module which travelled; its hash follows. */
export const MODULE_SCHEME = "troupe:";

/** The variable under which the text of a program finds the values of its own variables. */
export const CELLS = "troupeCells";

/** The variable under which it finds what links both. */
export const LINK = "troupeLink";

/**
 * The property under which the error of a chunk with failed items carries the outcomes of all: so the task has failed
 * for whatever depends on it, and yet each item has its own outcome.
 */
export const CHUNK_OUTCOMES = "troupeChunkOutcomes";
