/**
 * Counts what is dropped because it is no frame of ours, and says so at most once a minute for each kind.
 *
 * Anybody who may publish on a node's subject can send garbage; it must cost neither a link nor a log full of it.
 * Used by `node.ts`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { Log, LogLevel } from "../wire/log.ts";

const QUIET_MS = 60_000;

interface NoiseCount {
  dropped: number;
  saidAtMs: number;
}

/** Counters of what was dropped, by kind. */
export class LinkNoise {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counts = new Map<string, NoiseCount>();

  /** Says it to `log`. */
  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** One more of `kind`, a fixed text that says what was dropped and why. */
  note(level: LogLevel, kind: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const nowMs = this.#clock.now();
    const count = this.#counts.get(kind) ?? { dropped: 0, saidAtMs: -Infinity };
    this.#counts.set(kind, count);
    count.dropped += 1;
    if (nowMs - count.saidAtMs < QUIET_MS) return;
    this.#log(level, kind, { ...fields, dropped: count.dropped });
    count.dropped = 0;
    count.saidAtMs = nowMs;
  }
}
