/**
 * Functions with conditions, as they are called here; as they are shipped, `guard` stands around them, in the text that
 * `closure_code.ts` makes.
 *
 * A wrapped function carries its parts under a registered symbol, where every copy of the library finds them. Made by
 * `depend.ts` and `require.ts`, read by `closure_graph.ts`.
 * @module
 */
import { UnmetDependency } from "../wire/errors.ts";
import { guard, type GuardStage } from "./guard.ts";
import type { AnyFunction } from "./source_text.ts";

/** One condition of a function. */
export type GuardStep =
  | { readonly kind: "check"; readonly f: AnyFunction; readonly args: readonly unknown[] }
  /** `name`: what the module is bound to inside the function; `null`: nothing. */
  | { readonly kind: "import"; readonly specifier: string; readonly name: string | null }
  | { readonly kind: "bind"; readonly name: string; readonly value: unknown };

/** A function and its conditions, in the order in which they are looked at. */
export interface Guarded {
  readonly f: AnyFunction;
  readonly steps: readonly GuardStep[];
  /** Called here it gives a promise, whatever is in it. */
  readonly isAsync: boolean;
}

type Callable = (...args: unknown[]) => unknown;

const PARTS = Symbol.for("troupe.guarded");

/** A function that looks at `steps`, and then at those that `f` has already, before it runs. */
export function guarded(f: AnyFunction, steps: readonly GuardStep[], isAsync: boolean): Callable {
  const inner = guardedOf(f);
  const parts: Guarded = {
    f: inner?.f ?? f,
    steps: [...steps, ...inner?.steps ?? []],
    isAsync: isAsync || inner?.isAsync === true,
  };
  let call: Callable | null = null;
  const now = function (this: unknown, ...args: unknown[]): unknown {
    return (call ??= localCall(wrapper, parts)).apply(this, args);
  };
  const wrapper = !parts.isAsync ? now : async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return await now.apply(this, args);
  };
  for (const key of ["name", "length"] as const) {
    Object.defineProperty(wrapper, key, { value: f[key], configurable: true });
  }
  Object.defineProperty(wrapper, PARTS, { value: parts });
  return wrapper;
}

/** The parts of a wrapped function; `null` for any other. */
export function guardedOf(f: AnyFunction): Guarded | null {
  return (f as { readonly [PARTS]?: Guarded })[PARTS] ?? null;
}

function nameOf(f: AnyFunction): string {
  return f.name === "" ? "<anonymous>" : f.name;
}

/** Names in the text of a function. */
function bindsNames(steps: readonly GuardStep[]): boolean {
  return steps.some((step) => step.kind === "bind" || step.kind === "import" && step.name !== null);
}

/** As an engine would do it: from the text, where names are to be bound in it; else with the functions that are here. */
function localCall(wrapper: Callable, parts: Guarded): Callable {
  const { f, steps } = parts;
  if (bindsNames(steps)) return callFromText(wrapper);
  const stages = steps.flatMap((step): GuardStage[] => {
    if (step.kind === "check") return [["check", step.f as Callable, step.args, nameOf(step.f)]];
    return step.kind === "import" ? [["import", step.specifier, -1]] : [];
  });
  return guard(nameOf(f), () => f as Callable, stages, UnmetDependency);
}

/** Made anew for each call, as for each task. */
function callFromText(wrapper: Callable): Callable {
  return async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const { fromText } = await import("./local_program.ts");
    return await (await fromText(wrapper)).apply(this, args);
  };
}
