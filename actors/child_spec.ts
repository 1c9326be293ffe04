/**
 * What a supervisor is to keep alive, as data that is checked whole before anything starts.
 *
 * Knows classes and numbers, starts nothing. Used by `supervisor.ts`.
 * @module
 */
import type { Actor } from "./actor.ts";
import type { RestartKind, RestartRules, RestartStrategy } from "./restart_policy.ts";
import {
  type ActorClass,
  type AnyActorClass,
  checkActorName,
  resolveSpawnOptions,
  type SpawnArguments,
} from "./spawn_options.ts";

/** One child: what to start, and when to start it again. */
export interface ChildSpec {
  /** Its name within the supervisor. */
  readonly id: string;
  /** What is spawned. */
  readonly actor: AnyActorClass;
  /** As for `ActorSystem.spawn`; unnamed children are named after the supervisor and their id. */
  readonly spawn: {
    readonly args?: unknown[];
    readonly name?: string;
    readonly unique?: boolean;
    readonly mailbox?: number;
    readonly shutdown?: number;
  };
  /** Default `permanent`. */
  readonly restart?: RestartKind;
}

/**
 * A child spec whose constructor arguments are checked by the compiler.
 *
 * @example
 * ```ts
 * import { Actor } from "./actor.ts";
 * import { childSpec } from "./child_spec.ts";
 *
 * class Counter extends Actor {
 *   constructor(readonly first: number) {
 *     super();
 *   }
 * }
 * console.log(childSpec("counter", "transient", Counter, { args: [1] }).id); // counter
 * ```
 */
export function childSpec<A extends Actor, P extends unknown[]>(
  id: string,
  restart: RestartKind,
  actor: ActorClass<A, P>,
  ...spawn: SpawnArguments<P>
): ChildSpec {
  return { id, restart, actor, spawn: (spawn[0] ?? {}) as ChildSpec["spawn"] };
}

/** How a supervisor goes about it. Durations in ms. */
export interface SupervisorOptions {
  /** Default `one-for-one`. */
  readonly strategy?: RestartStrategy;
  /** More restarts than this within `period`, and the supervisor itself fails; default 3 within 5,000 ms. */
  readonly intensity?: { readonly restarts: number; readonly period: number };
  /** Pause before a restart; default: none. */
  readonly backoff?: { readonly initial: number; readonly factor: number; readonly max: number };
  /** In the order in which they start; they stop in reverse. */
  readonly children: readonly ChildSpec[];
}

const STRATEGIES: readonly RestartStrategy[] = ["one-for-one", "one-for-all", "rest-for-one"];
const RESTARTS: readonly RestartKind[] = ["permanent", "transient", "temporary"];
const DEFAULT_INTENSITY = { restarts: 3, period: 5_000 };

/** Throws `TypeError` or `RangeError` for rules that can't be meant. */
export function resolveRules(options: SupervisorOptions): RestartRules {
  const { strategy = "one-for-one", intensity = DEFAULT_INTENSITY, backoff } = options;
  if (!STRATEGIES.includes(strategy)) throw notOneOf("strategy", strategy, STRATEGIES);
  if (!(Number.isSafeInteger(intensity.restarts) && intensity.restarts >= 0)) {
    throw new RangeError(`Cannot supervise with intensity.restarts "${intensity.restarts}": it is a count from 0 up`);
  }
  checkMs("intensity.period", intensity.period, 1);
  if (backoff !== undefined) {
    checkMs("backoff.initial", backoff.initial, 0);
    checkMs("backoff.max", backoff.max, backoff.initial);
    if (!(Number.isFinite(backoff.factor) && backoff.factor >= 1)) {
      throw new RangeError(`Cannot supervise with backoff.factor "${backoff.factor}": it is a number from 1 up`);
    }
  }
  return {
    strategy,
    intensity: { restarts: intensity.restarts, periodMs: intensity.period },
    backoff: backoff === undefined ? null : { initialMs: backoff.initial, factor: backoff.factor, maxMs: backoff.max },
  };
}

/** Throws `TypeError` unless all can be started; `taken`: ids that exist already. */
export function checkChildSpecs(specs: readonly ChildSpec[], taken: Iterable<string> = []): void {
  const ids = new Set(taken);
  for (const spec of specs) {
    checkActorName(spec.id, "the id of a child");
    if (ids.has(spec.id)) throw new TypeError(`Cannot supervise two children "${spec.id}": give each an id of its own`);
    ids.add(spec.id);
    resolveSpawnOptions(spec.actor, spec.spawn);
    const { restart = "permanent" } = spec;
    if (!RESTARTS.includes(restart)) throw notOneOf(`restart of child "${spec.id}"`, restart, RESTARTS);
  }
}

function notOneOf(what: string, value: unknown, known: readonly string[]): TypeError {
  return new TypeError(`Cannot supervise with ${what} "${String(value)}": it is one of ${known.join(", ")}`);
}

function checkMs(what: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new RangeError(`Cannot supervise with ${what} "${value}": it is a number of ms from ${least} up`);
}
