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
import { AsyncMapResult } from "./async_map_result.ts";
import type { MethodDecorator } from "./function_wrapper.ts";
import {
  ParallelResult,
  type ParallelWrapper,
  parallelWrapper,
  type RemoteFunction,
  remoteWrapper,
} from "./parallel_function.ts";
import { partRows } from "./parallel_parts.ts";
import { zipRows } from "./zip_rows.ts";
import type { DirectTargets, Submission } from "./submission.ts";

/** A number gives scalar results; a list or `"all"` gives arrays in target order. */
export type Targets = number | readonly number[] | "all";

/** The result for such targets. */
export type DirectResult<T extends Targets, R> = T extends number ? AsyncResult<R> : AsyncResult<R[], true>;

/** Makes remote functions of a direct view, and decorates static methods; these keep the type they were declared with. */
export type DirectRemoteWrapper<T extends Targets> = MethodDecorator & {
  /** Throws `TypeError` for what is no function. */
  <F extends AnyFunction>(f: F): RemoteFunction<F, DirectResult<T, Awaited<ReturnType<F>>>>;
};

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
    return this.#direct(f, args);
  }

  /**
   * Makes functions parallel: `f(seq)` calls `f` once on each of the engines with a part of the sequence, the parts in the
   * order of the engines, and joins the results; `f.map(seq)` calls it once for each element. Also a decorator of static
   * methods.
   */
  parallel(): ParallelWrapper {
    const share = (items: number) => Math.ceil(items / this.#live().length);
    return parallelWrapper({
      parts: (f, sequences) => {
        const job = this.#submission.directRows(f, () => partRows(sequences, share), () => 1, () => this.#live());
        return new ParallelResult(job, this.#context);
      },
      elements: (f, sequences) => {
        const job = this.#submission.directRows(f, () => zipRows(sequences), share, () => this.#live());
        return new AsyncMapResult(job, this.#context, true);
      },
    });
  }

  /** Makes functions remote: called, they run as by `apply`. Also a decorator of static methods. */
  remote(): DirectRemoteWrapper<T> {
    return remoteWrapper((f, args) => this.#direct(f, args)) as MethodDecorator as DirectRemoteWrapper<T>;
  }

  #direct(f: AnyFunction, args: readonly unknown[]): AsyncResult<unknown, boolean> {
    const job = this.#submission.direct(f, args, typeof this.#targets === "number", () => this.#live());
    return new AsyncResult<unknown, boolean>(job, this.#context);
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
