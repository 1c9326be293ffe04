/**
 * The names of things that travel: tasks, engines, hosts, code.
 *
 * Types, and which counters mean what. A task id is `<session>-<counter>`: the session names one client process, the counter its submissions,
 * so a forgotten id costs nothing, is known to be forgotten, and a repeated submission is seen to be a duplicate.
 * @module
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** One run of one client: ten characters of `[a-z0-9]`, drawn at connect. */
export type Session = Branded<string, "Session">;

/** `<session>-<counter>`, the counter in decimal, from 0, without gaps in what a client submits. */
export type TaskId = Branded<string, "TaskId">;

/**
 * Direct tasks, and those that never reach the scheduler, count from here: their ids are as unique as the others, and
 * the counters of what the scheduler sees stay dense.
 */
export const DIRECT_COUNTERS_FROM = 2 ** 40;

/** Tasks that were refused at their client, before anybody else saw them, count from here: an id tells that it failed. */
export const REFUSED_COUNTERS_FROM = 2 ** 41;

/** Tasks of the scheme `pure` count from here: a client could not submit as many of the other kinds. */
export const PURE_COUNTERS_FROM = 2 ** 42;

/**
 * How a task goes: through the scheduler, straight to an engine that was named, nowhere since it was refused at its
 * client, or through the queue group of the scheme `pure`.
 */
export type TaskWay = "balanced" | "direct" | "refused" | "pure";

/** The way of the tasks that count there. */
export function wayOf(counter: number): TaskWay {
  if (counter < DIRECT_COUNTERS_FROM) return "balanced";
  if (counter < REFUSED_COUNTERS_FROM) return "direct";
  return counter < PURE_COUNTERS_FROM ? "refused" : "pure";
}

/** Counted from 0 by the scheduler, never reused within the life of a cluster. */
export type EngineId = Branded<number, "EngineId">;

/** One process of an engine: a restarted engine keeps its id and gets a new uuid. */
export type EngineUuid = Branded<string, "EngineUuid">;

/** The node name of a host, stable for as long as its process lives. */
export type HostId = Branded<string, "HostId">;

/** One life of a node, drawn when its process starts. A link to it that was declared down is never heard again. */
export type Incarnation = Branded<string, "Incarnation">;

/** Which controller life gave an order. A higher epoch wins; orders of a lower one are ignored by all. */
export type Epoch = Branded<number, "Epoch">;

/** Counts the dispatches of one epoch, from 1. Together with the epoch it names one attempt of one task. */
export type DispatchNumber = Branded<number, "DispatchNumber">;

/** SHA-256 of the bytes, as 64 lower-case hexadecimal digits: the name of code and of blobs. */
export type ContentHash = Branded<string, "ContentHash">;
