/**
 * Answers to "why is it there?" and "what happened to it?".
 *
 * Types only. The scheduler explains, the hub tells stories; a client shows both as they are.
 * @module
 */
import type { TaskStatus } from "./outcome.ts";

/**
 * What a task waits for, or what it is doing, in a word: `tasks`: for other tasks; `batch`: for the rest of what was
 * submitted with it; `pause`: before its next attempt; `grace`: for hosts to come back to a new controller;
 * `no-engines`, `free-engine`, `targets`: for an engine; `declined`: for a new engine, since all that are there declined
 * it; `client`: for its client, which does not keep up with its results; `assigned`: it runs, or stands in an engine's queue; `settled`, `forgotten`: it is over; `direct`: a task of a
 * direct view, which the scheduler never sees; `pure`: one of that scheme, for which the same holds; `refused`: it failed
 * at its client before it was submitted; `unsent`: still in its client; `unknown`: no task.
 */
export type Cause =
  | "unknown"
  | "forgotten"
  | "direct"
  | "pure"
  | "refused"
  | "unsent"
  | "settled"
  | "assigned"
  | "pause"
  | "tasks"
  | "batch"
  | "grace"
  | "client"
  | "no-engines"
  | "free-engine"
  | "targets"
  | "declined";

/**
 * Why a task is where it is: a sentence, and what it says as data.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 1 });
 * await using client = await cluster.connect();
 * const lview = client.loadBalancedView();
 * const first = lview.apply(() => new Promise((done) => setTimeout(done, 200)));
 * const { cause, text } = await client.explain(lview.with({ after: first }).apply(() => 1));
 * console.log(cause, text); // tasks Task "…-1" waits for task "…-0".
 * ```
 */
export interface Explanation {
  /** In a word. */
  readonly cause: Cause;
  /** `null`: nothing is known of it any more, or nothing ever was. */
  readonly status: TaskStatus | null;
  /** One sentence for people. */
  readonly text: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** Where it is assigned, or the engines it waits for. */
  readonly engines: readonly number[];
  /** Which process of that engine, where it is assigned or ran. */
  readonly uuid: string | null;
  /** The tasks it waits for: eight of them at most, the text says how many more. */
  readonly tasks: readonly string[];
}

/** One thing that happened to a task. */
export interface StoryLine {
  /** When: epoch ms. */
  readonly at: number;
  /** What, for people. */
  readonly text: string;
}

/** What is known of an id in a word. `unknown`: it was never submitted, or its client left long ago. */
export type StatusWord = TaskStatus | "forgotten" | "unknown";
