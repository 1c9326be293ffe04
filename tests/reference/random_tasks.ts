/**
 * Draws what clients submit: batches in one or several parts, with every flag and every kind of dependency.
 *
 * Knows only which ids it gave out. Used by `random_history.ts`.
 * @module
 */
import { DIRECT_COUNTERS_FROM, type EngineId, type Session, type TaskId } from "../../protocol/ids.ts";
import type { DependencySpec, TaskFlags, TaskSpec } from "../../protocol/task_spec.ts";
import type { SeededRandom } from "../../scheduler/core/random.ts";
import { spec } from "../unit/core/given.ts";

/** One message of a client. */
export interface Part {
  readonly session: Session;
  readonly specs: readonly TaskSpec[];
  readonly agesMs: readonly number[] | null;
  readonly more: boolean;
}

const CLIENTS = ["a", "b", "c"] as const;

/** The clients of one history. */
export class RandomTasks {
  readonly #random: SeededRandom;
  readonly #withDependencies: boolean;
  readonly #counters: Map<string, number> = new Map();
  /** Parts of batches that have begun and not been sent. */
  readonly #unsent: Map<string, Part[]> = new Map();

  constructor(random: SeededRandom, withDependencies: boolean) {
    this.#random = random;
    this.#withDependencies = withDependencies;
  }

  drawClient(): Session {
    return this.#pick(CLIENTS) as Session;
  }

  /** An id that was given, or nearly. */
  drawId(): TaskId {
    const session = this.drawClient();
    return `${session}-${this.#random.below((this.#counters.get(session) ?? 0) + 2)}` as TaskId;
  }

  /** The next message of some client. */
  draw(): Part {
    const session = this.drawClient();
    let parts = this.#unsent.get(session) ?? [];
    if (parts.length === 0) this.#unsent.set(session, parts = this.#drawBatch(session));
    return parts.shift() as Part;
  }

  /** What is left of batches that have begun. */
  takeUnsent(): readonly Part[] {
    const left = [...this.#unsent.values()].flat();
    this.#unsent.clear();
    return left;
  }

  #drawBatch(session: Session): Part[] {
    const first = this.#counters.get(session) ?? 0;
    const count = 1 + this.#random.below(this.#pick([2, 6, 6, 12]));
    this.#counters.set(session, first + count);
    const specs = Array.from({ length: count }, (_, i) => {
      return spec(`${session}-${first + i}`, this.#drawFlags(session, first + i, first + count));
    });
    if (first > 0 && this.#chance(4)) specs.push(spec(`${session}-${this.#random.below(first)}`));
    const cuts = this.#withDependencies && this.#chance(3) ? 1 + this.#random.below(3) : 0;
    return this.#cut(session, specs, cuts);
  }

  #cut(session: Session, specs: readonly TaskSpec[], cuts: number): Part[] {
    const places = Array.from({ length: cuts }, () => this.#random.below(specs.length + 1)).sort((a, b) => a - b);
    const bounds = [0, ...places, specs.length];
    return bounds.slice(1).map((end, i) => {
      const part = specs.slice(bounds[i], end);
      const agesMs = this.#chance(3) ? part.map(() => this.#random.next() * 30) : null;
      return { session, specs: part, agesMs, more: i < cuts };
    });
  }

  #drawFlags(session: string, counter: number, end: number): Partial<TaskFlags> {
    const flags: { -readonly [Flag in keyof TaskFlags]?: TaskFlags[Flag] } = {};
    if (this.#chance(3)) flags.retries = this.#random.below(4);
    if (this.#chance(4)) flags.priority = this.#random.below(3) - 1;
    if (this.#chance(5)) flags.timeoutMs = 1 + this.#random.next() * 100;
    if (this.#chance(6)) flags.targets = [this.#random.below(6), this.#random.below(6)] as unknown as EngineId[];
    if (this.#chance(6)) flags.backoff = { initialMs: 10 + this.#random.next() * 10, factor: 2, maxMs: 60, jitter: 0 };
    if (!this.#withDependencies) return flags;
    if (this.#chance(2)) flags.after = this.#drawDependency(session, counter, end);
    if (this.#chance(4)) flags.follow = this.#drawDependency(session, counter, end);
    return flags;
  }

  #drawDependency(session: string, counter: number, end: number): DependencySpec {
    const [success, failure] = this.#pick([[true, false], [true, false], [false, true], [true, true]] as const);
    const count = this.#pick([0, 1, 1, 1, 2, 2, 3]);
    const ids = Array.from({ length: count }, () => this.#drawName(session, counter, end) as TaskId);
    return { ids, all: this.#chance(2), success, failure };
  }

  /** An id to depend on: mostly one that was given lately, or one of the same batch. */
  #drawName(session: string, counter: number, end: number): string {
    const roll = this.#random.below(100);
    if (roll < 2) return `${session}-${counter}`;
    if (roll < 4) return `${session}-${DIRECT_COUNTERS_FROM + this.#random.below(9)}`;
    if (roll < 6) return this.#pick([`${session}-${end + 500}`, "nobody-3", "no id"]);
    if (roll < 20) return `${session}-${counter + this.#random.below(end - counter)}`;
    if (roll < 70) return `${session}-${Math.max(0, counter - 1 - this.#random.below(8))}`;
    const other = this.drawClient();
    const known = this.#counters.get(other) ?? 0;
    return `${other}-${Math.max(0, known - 1 - this.#random.below(this.#pick([4, 40])))}`;
  }

  #chance(oneIn: number): boolean {
    return this.#random.below(oneIn) === 0;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random.below(items.length)] as Item;
  }
}
