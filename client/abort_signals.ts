/**
 * Aborts jobs when the signals among their flags are aborted: one listener a signal, however many jobs share it.
 *
 * Jobs that are finished are let go. Called by `task_aborts.ts`.
 * @module
 */
import type { Job } from "./job.ts";

interface Watched {
  readonly jobs: Set<Job>;
  readonly listener: () => void;
}

/** The signals that jobs of one client depend on. */
export class AbortSignals {
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #abort: (job: Job) => void;

  constructor(abort: (job: Job) => void) {
    this.#abort = abort;
  }

  /** Aborts the job when the signal is, or at once where it is already. */
  watch(signal: AbortSignal, job: Job): void {
    if (signal.aborted) return this.#abort(job);
    const { jobs } = this.#watched.get(signal) ?? this.#listen(signal);
    jobs.add(job);
    job.onFinished(() => this.#release(signal, job));
  }

  #listen(signal: AbortSignal): Watched {
    const jobs = new Set<Job>();
    const listener = () => {
      for (const job of [...jobs]) this.#abort(job);
    };
    const watched = { jobs, listener };
    signal.addEventListener("abort", listener, { once: true });
    this.#watched.set(signal, watched);
    return watched;
  }

  #release(signal: AbortSignal, job: Job): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.jobs.delete(job);
    if (watched.jobs.size > 0) return;
    signal.removeEventListener("abort", watched.listener);
    this.#watched.delete(signal);
  }
}
