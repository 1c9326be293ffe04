/**
 * Results of tasks in the place of values: which types arguments may have, and what the function sees of them.
 *
 * Types only: a result stands for its value at the top level and one level into arrays and objects; further down it does
 * as well, but the types do not say so. Used by the views.
 * @module
 */
import type { AsyncResult } from "./async_result.ts";
import type { Reference } from "./reference.ts";

/** What a function is given where this is passed. */
export type ValueOf<T> = 0 extends 1 & T ? T
  : T extends AsyncResult<infer V, boolean> ? V
  : T extends (...args: never) => unknown ? T
  : T extends readonly unknown[] ? [Extract<T[number], AsyncResult<unknown, boolean>>] extends [never] ? T : PartsOf<T>
  : T extends object ? [Extract<T[keyof T], AsyncResult<unknown, boolean>>] extends [never] ? T : PartsOf<T>
  : T;

/** The same with the results in it replaced by their values. */
export type PartsOf<T> = { [Key in keyof T]: T[Key] extends AsyncResult<infer V, boolean> ? V : T[Key] };

/** The same of each of several. */
export type ValuesOf<A extends readonly unknown[]> = { [Index in keyof A]: ValueOf<A[Index]> };

/** What may be passed where a function wants this. */
export type OrResult<T> =
  | T
  | AsyncResult<T, boolean>
  | Reference
  | (
    T extends (...args: never) => unknown ? T
      : T extends object ? { [Key in keyof T]: T[Key] | AsyncResult<T[Key], boolean> }
      : T
  );

/** The same of each of several. */
export type WithResults<A extends readonly unknown[]> = { [Index in keyof A]: OrResult<A[Index]> };
