/**
 * What a client's questions need of scheduler and hub, and nothing more: `actor_links.ts` implements it with references,
 * tests with a fake.
 *
 * Types only.
 * @module
 */
import type { HubApi, SchedulerApi } from "../protocol/roles.ts";

/** The methods of an actor as questions: each promises its answer. */
type Asked<Api, Names extends keyof Api> = {
  readonly [Name in Names]: Api[Name] extends (...args: infer Args) => infer Reply
    ? (...args: Args) => Promise<Awaited<Reply>>
    : never;
};

/**
 * The two who answer. Questions to the scheduler stand in line with what was submitted before; the hub knows of that once
 * a question to the scheduler that was asked later is answered. Rejects with `ConnectionError`, `TimeoutError`.
 */
export interface QuestionLink {
  readonly scheduler: Asked<
    SchedulerApi,
    "caughtUp" | "explain" | "statusOf" | "queueStatus" | "purge" | "codes" | "watch"
  >;
  readonly hub: Asked<
    HubApi,
    "status" | "tree" | "age" | "story" | "history" | "find" | "records" | "recordsOf" | "specs"
  >;
}

/** Asks; with a signal whose abort ends every question, with its reason. */
export type FindQuestions = (signal?: AbortSignal) => QuestionLink;
