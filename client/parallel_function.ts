/**
 * What `parallel(…)(f)` and `remote(…)(f)` give: functions that run elsewhere when they are called here.
 *
 * Keep the name and the length of what they wrap, and serve as decorators of static methods in both calling forms. They
 * submit through the view that they were made by; knows nothing of how it does. Called by the views.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";
import type { AsyncMapResult } from "./async_map_result.ts";
import type { AsyncResult } from "./async_result.ts";
import { functionWrapper, type MethodDecorator } from "./function_wrapper.ts";
import type { Joined } from "./parallel_parts.ts";
import { shipAs } from "./shipped_text.ts";
import type { AnyFunction } from "./source_text.ts";

/** Sequences whose parts a function takes: whatever can be iterated, for each parameter that is a sequence. */
export type PartSequences<P extends readonly unknown[]> = {
  [I in keyof P]: P[I] extends Iterable<infer E> ? Iterable<E> : never;
};

/** Sequences whose elements a function takes. */
export type ElementSequences<P extends readonly unknown[]> = { [I in keyof P]: Iterable<P[I]> };

/**
 * The results of the parts of a call, joined: arrays and typed arrays to one, others to a list. A loop over it gets the
 * elements of each part as soon as that is there; what it tells of tasks, and what it is split into, is part by part.
 */
export type ParallelResult<T> = AsyncResult<T, true>;

/** A function over sequences, of which the engines each do a part. */
export interface ParallelFunction<F extends AnyFunction> {
  /** Calls the function once for each part of the sequences, a sub-array of each, and joins the results. Never throws. */
  (...sequences: PartSequences<Parameters<F>>): ParallelResult<Joined<Awaited<ReturnType<F>>>>;
  /** Calls it once for each element, as the view's `map`. Never throws. */
  map(...sequences: ElementSequences<Parameters<F>>): AsyncMapResult<Awaited<ReturnType<F>>>;
}

/** A function that runs on an engine when it is called here. */
export type RemoteFunction<F extends AnyFunction, Result> = (...args: Parameters<F>) => Result;

/** Makes parallel functions, and decorates static methods; these keep the type that they were declared with. */
export type ParallelWrapper = MethodDecorator & {
  /** Throws `TypeError` for what is no function. */
  <F extends AnyFunction>(f: F): ParallelFunction<F>;
};

/** Makes remote functions, and decorates static methods; these keep the type that they were declared with. */
export type RemoteWrapper = MethodDecorator & {
  /** Throws `TypeError` for what is no function. */
  <F extends AnyFunction>(f: F): RemoteFunction<F, AsyncResult<Awaited<ReturnType<F>>>>;
};

/** How a view runs parts and elements. */
export interface ParallelView {
  parts(f: AnyFunction, sequences: readonly unknown[]): AsyncResult<unknown, boolean>;
  elements(f: AnyFunction, sequences: readonly unknown[]): AsyncMapResult<unknown>;
}

/** For `view.parallel`. */
export function parallelWrapper(view: ParallelView): ParallelWrapper {
  const wrap = (f: AnyFunction) => {
    const parallel = (...sequences: unknown[]) => view.parts(f, sequences);
    const map = (...sequences: unknown[]) => view.elements(f, sequences);
    return Object.defineProperty(like(f, parallel, "a parallel"), "map", { value: map });
  };
  return functionWrapper("parallel", wrap) as MethodDecorator as ParallelWrapper;
}

/** For `view.remote`. */
export function remoteWrapper(
  apply: (f: AnyFunction, args: readonly unknown[]) => AsyncResult<unknown, boolean>,
): RemoteWrapper {
  const wrap = (f: AnyFunction) => like(f, (...args: unknown[]) => apply(f, args), "a remote");
  return functionWrapper("remote", wrap) as MethodDecorator as RemoteWrapper;
}

function like(f: AnyFunction, wrapper: AnyFunction, what: string): AnyFunction {
  for (const key of ["name", "length"] as const) {
    Object.defineProperty(wrapper, key, { value: f[key], configurable: true });
  }
  return shipAs(wrapper, () => {
    throw new SerializationError(
      `Cannot ship "${f.name}": it is ${what} function, which submits tasks from this program; ship the function that it wraps.`,
    );
  });
}
