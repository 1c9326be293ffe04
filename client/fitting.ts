/**
 * How the types of `map` and `imap` follow from the function and the sequences.
 *
 * Types only: a wrong element type or number of sequences is a compile error. Used by the load-balanced view.
 * @module
 */
import type { ValueOf } from "./with_results.ts";

/** Sequences that a map zips. */
export type Sequences = readonly Iterable<unknown>[];

/** Sequences that `imap` zips. */
export type LazySequences = readonly (Iterable<unknown> | AsyncIterable<unknown>)[];

/** What is in a sequence. */
export type ElementOf<S> = S extends AsyncIterable<infer E> ? E : S extends Iterable<infer E> ? E : never;

/** One row of arguments: an element of each sequence; of one that is the result of a task, its value. */
export type RowOf<S extends LazySequences> = { -readonly [Index in keyof S]: ValueOf<ElementOf<S[Index]>> };

/** Any function that a row can be given to. */
export type MapFunction<S extends LazySequences> = (...row: RowOf<S>) => unknown;

/**
 * The sequences, unless there are more of them than the function has parameters: JavaScript would drop the surplus
 * arguments, and nobody wants that of a map. One without parameters looks at no input at all, which is meant.
 */
export type Fitting<S extends LazySequences, F extends (...args: never) => unknown> = number extends S["length"] ? S
  : S["length"] extends Parameters<F>["length"] ? S
  : number extends Parameters<F>["length"] ? S
  : Parameters<F>["length"] extends 0 ? S
  : never;

/**
 * The arguments, unless there are more of them than the function has parameters. With these, the types of parameters may
 * be left out; where a parameter says more than its argument does (a tuple, a word of several), it is asked instead.
 */
export type FittingArguments<A extends readonly unknown[], F extends (...args: never) => unknown> = A["length"] extends
  Parameters<F>["length"] ? A : number extends Parameters<F>["length"] ? A : never;
