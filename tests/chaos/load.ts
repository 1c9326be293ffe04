/**
 * The mixed load of a chaos run: jobs of all kinds, some at a time, until it is told to stop.
 *
 * The seed says what job number n is and does, whatever else happens; how far the numbers get is the machine's doing. A
 * job that does not end in time is a hang. Called by `chaos_run.ts`.
 * @module
 */
import type { Client } from "../../mod.ts";
import { Draw } from "./draw.ts";
import { type Job, JobWork } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { LINKED_JOBS } from "./linked_jobs.ts";
import { PLAIN_JOBS } from "./plain_jobs.ts";

const JOBS: Readonly<Record<string, Job>> = { ...PLAIN_JOBS, ...LINKED_JOBS };

/** Drawn from: some come more often. */
const KINDS: readonly string[] = [
  ...Object.keys(JOBS),
  "map",
  "map",
  "steady",
  "steady",
  "steady",
  "graph",
  "inputs",
  "retry",
  "nested",
];

/** What the load works with. */
export interface LoadOptions {
  readonly seed: number;
  readonly clients: readonly Client[];
  readonly ledger: Ledger;
  /** The file that tasks write notes into. */
  readonly notes: string;
  /** Jobs at a time. */
  readonly lanes: number;
  /** A job that takes longer hangs, ms. */
  readonly hungAfterMs: number;
}

/** A job that is under way. */
export interface OpenJob {
  readonly number: number;
  readonly kind: string;
  readonly began: number;
}

/** Runs jobs, lane by lane. */
export class Load {
  /** Resolves with the first job that hangs. */
  readonly hung: Promise<OpenJob>;
  readonly #hang = Promise.withResolvers<OpenJob>();
  readonly #options: LoadOptions;
  readonly #open = new Map<number, OpenJob>();
  readonly #mistakes: string[] = [];
  #next = 0;
  #paused = true;
  #lanes: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
    this.hung = this.#hang.promise;
  }

  /** Jobs that were begun. */
  get jobs(): number {
    return this.#next;
  }

  /** Those under way, oldest first. */
  get open(): readonly OpenJob[] {
    return [...this.#open.values()];
  }

  /** What jobs threw that they must not throw. */
  get mistakes(): readonly string[] {
    return this.#mistakes;
  }

  /** Begins jobs from now on. */
  go(): void {
    this.#paused = false;
    this.#lanes = Array.from({ length: this.#options.lanes }, () => this.#lane());
  }

  /** Begins no more; resolves when all have ended. */
  async drain(): Promise<void> {
    this.#paused = true;
    await Promise.all(this.#lanes);
  }

  async #lane(): Promise<void> {
    while (!this.#paused) await this.#run(this.#next++);
  }

  async #run(number: number): Promise<void> {
    const { seed, clients, ledger, notes, hungAfterMs } = this.#options;
    const draw = Draw.of(seed, `job ${number}`);
    const kind = draw.pick(KINDS);
    const clientNumber = draw.below(clients.length);
    const client = clients[clientNumber];
    const job = JOBS[kind];
    if (client === undefined || job === undefined) throw new RangeError(`Cannot run a job of kind "${kind}".`);
    const open = { number, kind, began: Date.now() };
    this.#open.set(number, open);
    const timer = setTimeout(() => this.#hang.resolve(open), hungAfterMs);
    try {
      await job(new JobWork({ number, kind, draw, client, clientNumber, ledger, notes }));
    } catch (error) {
      this.#mistakes.push(`job ${number} ("${kind}"): ${error instanceof Error ? error.stack : String(error)}`);
    } finally {
      clearTimeout(timer);
      this.#open.delete(number);
    }
  }
}
