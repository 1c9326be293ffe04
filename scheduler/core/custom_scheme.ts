/**
 * A scheme of somebody's own: a function that is not ours, asked for an index and never trusted with more.
 *
 * What it throws and an index that is none is an offence: `leastload` picks in its place, and after the third offence
 * for good. That it comes back at all is up to whoever gives it here. Made by `state.ts`.
 * @module
 */
import type { EngineRecord } from "./engine_record.ts";
import type { SeededRandom } from "./random.ts";
import type { CustomScheme } from "./scheduler_core.ts";
import { type FreeEngines, lessRecentlyUsed, type Scheme, SCHEMES } from "./scheme.ts";

/** So many offences, and it is not asked any more. */
export const MAX_OFFENCES = 3;

/** Told of each offence, counted from 1. */
export type OnOffence = (offence: number, reason: string) => void;

const REASON_LENGTH = 500;
const FALLBACK = SCHEMES.leastload;

/** The function as a scheme. Counts its offences. */
export class GuardedScheme implements Scheme {
  readonly name = "custom";
  readonly before = FALLBACK.before;
  readonly weight = null;
  offences = 0;
  readonly #choose: CustomScheme;
  readonly #onOffence: OnOffence;

  constructor(choose: CustomScheme, onOffence: OnOffence) {
    this.#choose = choose;
    this.#onOffence = onOffence;
  }

  pick(free: FreeEngines, random: SeededRandom): EngineRecord | null {
    return this.#ask(free.members, random) ?? FALLBACK.pick(free, random);
  }

  pickWhere(
    free: FreeEngines,
    accepts: (engine: EngineRecord) => boolean,
    random: SeededRandom,
  ): EngineRecord | null {
    if (this.offences >= MAX_OFFENCES) return FALLBACK.pickWhere(free, accepts, random);
    return this.#ask(free.members.filter(accepts), random) ?? FALLBACK.pickWhere(free, accepts, random);
  }

  /** `null`: it can't be asked, or has no answer. */
  #ask(members: readonly EngineRecord[], random: SeededRandom): EngineRecord | null {
    if (this.offences >= MAX_OFFENCES || members.length === 0) return null;
    const engines = [...members].sort((a, b) => lessRecentlyUsed(a, b) ? -1 : 1);
    try {
      const index: unknown = this.#choose(engines.map(({ load }) => load), () => random.next());
      const engine = typeof index === "number" ? engines[index] : undefined;
      if (engine !== undefined) return engine;
      this.#offend(`it returned ${shown(index)}, and an index from 0 to ${engines.length - 1} was wanted`);
    } catch (error) {
      this.#offend(`it threw ${shown(error)}`);
    }
    return null;
  }

  #offend(reason: string): void {
    this.#onOffence(++this.offences, reason.slice(0, REASON_LENGTH));
  }
}

/** Anything at all as text: not even that may throw. */
function shown(value: unknown): string {
  try {
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  } catch {
    return `a value of type ${typeof value}`;
  }
}
