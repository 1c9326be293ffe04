/**
 * Arguments as they travel, and the results of other tasks that were found in them.
 *
 * One for each kind of submission; encodes at once, keeps nothing. Called by `submission.ts` and `direct_submission.ts`.
 * @module
 */
import { INLINE_LIMIT_BYTES } from "../protocol/task_spec.ts";
import type { FunctionShipping } from "./function_shipping.ts";
import type { ModuleRef } from "./shipped_text.ts";
import { encodeArguments } from "../wire/value_codec.ts";
import { BigValue } from "./big_value.ts";
import { type CapturedInputs, InputCollector } from "./input_collector.ts";
import type { PendingTask } from "./task_table.ts";

/** What a task is given. */
export type EncodedArguments = Pick<PendingTask, "args" | "inputs"> & {
  /** What functions among them import, and what travels with the task; absent: nothing. */
  readonly modules?: readonly ModuleRef[];
};

/** A function made ready with `prepare`, and the results of other tasks that it captured. */
export type Prepared<T> = readonly [made: T, captured: CapturedInputs | null];

export class ArgumentEncoder {
  readonly #inputs = new InputCollector();
  readonly #shipping: FunctionShipping;

  /** `shipping`: for all that is no result of a task. */
  constructor(shipping: FunctionShipping) {
    this.#shipping = shipping;
  }

  /** Makes a function ready: what it captured is encoded meanwhile. Throws as `encode`. */
  prepare<T>(make: () => T): Prepared<T> {
    this.#inputs.begin();
    const made = this.#shipping.withResults(this.#inputs, make);
    return [made, this.#inputs.takeCaptured()];
  }

  /**
   * `captured`: of the function that the arguments are for. Throws `SerializationError`, `ImpossibleDependency` for a
   * result that there will never be.
   */
  encode(args: readonly unknown[], captured: CapturedInputs | null = null): EncodedArguments {
    this.#inputs.begin(captured);
    const [bytes, modules] = this.#shipping.withResults(
      this.#inputs,
      () => this.#shipping.withModules(() => encodeArguments(args, this.#shipping.encode)),
    );
    const payload = bytes.length > INLINE_LIMIT_BYTES ? new BigValue(bytes) : bytes;
    const inputs = this.#inputs.take();
    const encoded = inputs === undefined ? { args: payload } : { args: payload, inputs };
    return modules.length === 0 ? encoded : { ...encoded, modules };
  }
}
