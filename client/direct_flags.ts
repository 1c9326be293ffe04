/**
 * The flags that mean something for tasks that go to engines one has named, past the scheduler.
 *
 * Pure. Called by `direct_view.ts`.
 * @module
 */
import { type FlagOptions, type ResolvedFlags, resolveFlags } from "./task_flags.ts";

/** Flags of direct views; the others are for a scheduler, which never sees these tasks. */
export type DirectFlagOptions = Pick<
  FlagOptions,
  "label" | "maxRuntime" | "ordered" | "returnExceptions" | "failFast" | "signal"
>;

const KNOWN: readonly string[] = ["label", "maxRuntime", "ordered", "returnExceptions", "failFast", "signal"];

/** `base` with `options` on top. Throws `TypeError`, `RangeError`. */
export function resolveDirectFlags(base: ResolvedFlags, options: DirectFlagOptions): ResolvedFlags {
  const flags = resolveFlags(base, options);
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name));
  if (unknown === undefined) return flags;
  throw new TypeError(
    `Cannot set the flag "${unknown}" of a direct view: its tasks go to the engines that it names, past the scheduler; ` +
      `there are ${KNOWN.join(", ")}. For the others use client.loadBalancedView().`,
  );
}
