/**
 * `depend` and `dependent`: a function that runs only where another one does not say no.
 *
 * The check travels with the function and is asked first, wherever it runs. Called by users.
 * @module
 */
import {
  type Asynchronous,
  type AsynchronousWrapper,
  type FunctionWrapper,
  functionWrapper,
} from "./function_wrapper.ts";
import { guarded } from "./guarded_code.ts";
import type { AnyFunction } from "./source_text.ts";

/** What `depend` gives for a check: what it wraps gives promises where the check may give one. */
export type Depending<F extends AnyFunction> = [Extract<ReturnType<F>, PromiseLike<unknown>>] extends [never]
  ? FunctionWrapper
  : AsynchronousWrapper;

/** A function behind a check: it gives a promise where the check may give one. */
export type Dependent<G extends AnyFunction, F extends AnyFunction> =
  [Extract<ReturnType<F>, PromiseLike<unknown>>] extends [never] ? G
    : Asynchronous<G>;

/**
 * A wrapper, and a decorator of static methods: the function runs only where `f(...args)` gives anything but `false`, or
 * a promise of anything but `false`. An engine for which it gives `false` is not asked again, and the task tries another
 * one; on a direct view, and where the function is called here, that is an `UnmetDependency`. What `f` throws is the
 * error of the task. Both functions travel as their source text, the arguments by value.
 *
 * @example
 * ```ts
 * import { depend } from "./depend.ts";
 *
 * const onPlatform = (name: string) => Deno.build.os === name;
 * const where = depend(onPlatform, Deno.build.os)((x: number) => x + 1);
 * console.log(where(1)); // 2
 * ```
 */
export function depend<F extends AnyFunction>(f: F, ...args: Parameters<F>): Depending<F> {
  checkCheck("depend", f);
  return functionWrapper("depend", (g) => guarded(g, [{ kind: "check", f, args }], false)) as Depending<F>;
}

/**
 * The same as `depend(f, ...args)(g)`, for one function with several conditions.
 *
 * @example
 * ```ts
 * import { dependent } from "./depend.ts";
 *
 * const onPlatform = (name: string) => Deno.build.os === name;
 * const task = (x: number) => 2 * x;
 * const [onMac, onLinux] = [dependent(task, onPlatform, "darwin"), dependent(task, onPlatform, "linux")];
 * console.log(onMac.name, onLinux.length); // task 1
 * ```
 */
export function dependent<G extends AnyFunction, F extends AnyFunction>(
  g: G,
  f: F,
  ...args: Parameters<F>
): Dependent<G, F> {
  checkCheck("dependent", f);
  const wrapper = functionWrapper("dependent", (g) => guarded(g, [{ kind: "check", f, args }], false));
  return wrapper(g) as Dependent<G, F>;
}

function checkCheck(what: string, f: unknown): void {
  if (typeof f === "function") return;
  throw new TypeError(
    `Cannot ask ${String(f)} in ${what}(…): it is no function; give one that returns false to decline.`,
  );
}
