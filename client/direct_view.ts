/**
 * The direct view: functions go to the engines one names, past the scheduler.
 *
 * Targets are looked up when something is submitted, so `"all"` grows with the cluster. Made by `client.directView()`.
 * @module
 */
import type { EngineId } from "../protocol/ids.ts";
import { NoEnginesRegistered } from "../wire/errors.ts";
import { AsyncResult, type ResultContext } from "./async_result.ts";
import { checkInteger, refuse } from "./flag_checks.ts";
import type { AnyFunction } from "./function_code.ts";
import type { FittingArguments } from "./fitting.ts";
import { type DisplayBundle, viewBundle } from "./notebook_display.ts";
import type { DirectTargets, Submission } from "./submission.ts";

/** A number gives scalar results; a list or `"all"` gives arrays in target order. */
export type Targets = number | readonly number[] | "all";

/** The result for such targets. */
export type DirectResult<T extends Targets, R> = T extends number ? AsyncResult<R> : AsyncResult<R[], true>;

/** Submits tasks to engines. */
export class DirectView<T extends Targets = Targets> {
  readonly #submission: Submission;
  readonly #context: ResultContext;
  readonly #targets: T;

  /** For `Client`. Throws `TypeError` or `RangeError` for what can't be engine ids. */
  constructor(submission: Submission, context: ResultContext, targets: T) {
    this.#submission = submission;
    this.#context = context;
    this.#targets = checkTargets(targets);
  }

  /**
   * Runs `f(...args)` on each of the engines. Never throws; rejects with `NoEnginesRegistered` where there are none, or
   * one that is named isn't there.
   */
  apply<A extends readonly unknown[], F extends (...args: A) => unknown>(
    f: F,
    ...args: FittingArguments<A, F>
  ): DirectResult<T, Awaited<ReturnType<F>>>;
  /** The same, with the types of the arguments taken from the function. */
  apply<A extends readonly unknown[], R>(f: (...args: A) => R, ...args: NoInfer<A>): DirectResult<T, Awaited<R>>;
  apply(f: AnyFunction, ...args: readonly unknown[]): AsyncResult<unknown, boolean> {
    const job = this.#submission.direct(f, args, typeof this.#targets === "number", () => this.#live());
    return new AsyncResult<unknown, boolean>(job, this.#context);
  }

  /** For notebooks: where it goes. */
  [Symbol.for("Jupyter.display")](): DisplayBundle {
    return viewBundle("DirectView", { targets: String(this.#targets) });
  }

  #live(): DirectTargets {
    const { roster } = this.#submission.session;
    const named = typeof this.#targets === "number" ? [this.#targets] : this.#targets;
    const engines = named === "all" ? roster.ids : named as readonly EngineId[];
    if (roster.ids.length === 0 || engines.length === 0) {
      throw new NoEnginesRegistered(
        "Cannot submit a direct task: no engines are there; start some, or wait for them with client.waitForEngines(n).",
      );
    }
    const missing = engines.find((id) => roster.hostOf(id) === undefined);
    if (missing === undefined) return engines;
    throw new NoEnginesRegistered(
      `Cannot submit a direct task to engine ${missing}: there is none of this id; there are ${roster.ids.join(", ")}.`,
    );
  }
}

export function checkTargets<T extends Targets>(targets: T): T {
  const value: unknown = targets;
  if (value === "all") return targets;
  if (typeof value === "number") checkInteger("targets", value, 0);
  else if (Array.isArray(value)) { for (const id of value) checkInteger("targets", id, 0); }
  else throw refuse(TypeError, "targets", value, 'an engine id, a list of them, or "all"');
  return (Array.isArray(value) ? [...value] : value) as T;
}
