/**
 * Functions with conditions, as they are called here and as they are shipped: the function's own text first, so that
 * positions in its stack stay readable, then that of its checks, then `guard` around all of it.
 *
 * What the checks are given and the values of bound names travel as captures, encoded with each submission. A wrapped
 * function carries its parts under a registered symbol, where every copy of the library finds them. Made by `depend.ts`
 * and `require.ts`, read by `function_code.ts` and `task_templates.ts`.
 * @module
 */
import { SerializationError, UnmetDependency } from "../wire/errors.ts";
import { decodeValue, encodeValue } from "../wire/value_codec.ts";
import { guard, type GuardStage } from "./guard.ts";
import { type AnyFunction, definitionText, expressionText } from "./source_text.ts";

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

/** A value that travels with the code. */
export interface CapturedValue {
  /** What errors call it. */
  readonly label: string;
  readonly value: unknown;
}

type Callable = (...args: unknown[]) => unknown;

const PARTS = Symbol.for("troupe.guarded");
/** The name under which shipped text finds its captured values. */
const CAPTURED = "troupeCaptured";

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
    return (call ??= localCall(parts)).apply(this, args);
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

/** The functions whose texts are in that of `f`, and `f` itself where it is no wrapped one. */
export function functionsIn(f: AnyFunction): readonly AnyFunction[] {
  const parts = guardedOf(f);
  if (parts === null) return [f];
  return [
    parts.f,
    ...parts.steps.flatMap((step) => step.kind === "check" ? functionsIn(step.f) : functionsBound(step)),
  ];
}

function functionsBound(step: GuardStep): readonly AnyFunction[] {
  return isDefinition(step) ? functionsIn(step.value) : [];
}

/** The values that the text of `f` needs, in its order. */
export function capturedOf(f: AnyFunction): readonly CapturedValue[] {
  return guardedOf(f)?.steps.flatMap(capturedBy) ?? [];
}

/** The values as they travel: a record of the names that stand free in the text. Throws `SerializationError` by name. */
export function encodeCaptured(captured: readonly CapturedValue[]): Uint8Array {
  try {
    return encodeValue({ [CAPTURED]: captured.map(({ value }) => value) });
  } catch (error) {
    if (error instanceof SerializationError) {
      for (const { label, value } of captured) encodeValue(value, { root: label });
    }
    throw error;
  }
}

/** An expression that gives the function behind its conditions. Throws `SerializationError` where a part can't be shipped. */
export function guardedText(parts: Guarded, firstCapture = 0): string {
  const { f, steps } = parts;
  const names = boundNames(steps);
  const stages: string[] = [];
  let capture = firstCapture;
  for (const step of steps) {
    if (!isDefinition(step)) stages.push(stageText(step, names, capture));
    capture += capturedBy(step).length;
  }
  const name = JSON.stringify(f.name === "" ? "<anonymous>" : f.name);
  return `[${scopeText(parts, names, firstCapture)},[${stages}]].reduce((make,stages)=>` +
    `(${guard.toString()})(${name},make,stages,UnmetDependency))`;
}

/** `(names) => f`; functions among them are made in the same scope, so that they see each other and the rest. */
function scopeText({ f, steps }: Guarded, names: readonly string[], firstCapture: number): string {
  const definitions: string[] = [];
  let capture = firstCapture;
  for (const [index, step] of steps.entries()) {
    if (isDefinition(step) && isInnermost(steps, index)) {
      definitions.push(`,${step.name}=(${functionText(step.value, capture, definitionText)}\n)`);
    }
    capture += capturedBy(step).length;
  }
  return `(${names})=>[(${expressionText(f)}\n)${definitions.join("")}][0]`;
}

function stageText(step: GuardStep, names: readonly string[], capture: number): string {
  switch (step.kind) {
    case "check": {
      const check = functionText(step.f, capture + 1, expressionText);
      return `["check",(${check}\n),${CAPTURED}[${capture}],${JSON.stringify(nameOf(step.f))}]`;
    }
    case "import": {
      const slot = step.name === null ? -1 : names.indexOf(step.name);
      return `["import",${JSON.stringify(step.specifier)},${slot}]`;
    }
    case "bind":
      return `["bind",${CAPTURED}[${capture}],${names.indexOf(step.name)}]`;
  }
}

function functionText(f: AnyFunction, firstCapture: number, plain: (f: AnyFunction) => string): string {
  const parts = guardedOf(f);
  return parts === null ? plain(f) : guardedText(parts, firstCapture);
}

function capturedBy(step: GuardStep): readonly CapturedValue[] {
  switch (step.kind) {
    case "check":
      return [{ label: `args of "${nameOf(step.f)}"`, value: step.args }, ...capturedOf(step.f)];
    case "import":
      return [];
    case "bind":
      return isDefinition(step) ? capturedOf(step.value) : [{ label: step.name, value: step.value }];
  }
}

function isDefinition(step: GuardStep): step is GuardStep & { readonly kind: "bind"; readonly value: AnyFunction } {
  return step.kind === "bind" && typeof step.value === "function";
}

/** Each once. */
function boundNames(steps: readonly GuardStep[]): readonly string[] {
  return [...new Set(steps.flatMap((step) => step.kind === "check" || step.name === null ? [] : [step.name]))];
}

/** Whether no later step binds the same name: the one next to the function wins. */
function isInnermost(steps: readonly GuardStep[], index: number): boolean {
  const name = (step: GuardStep | undefined) => step === undefined || step.kind === "check" ? null : step.name;
  return !steps.slice(index + 1).some((later) => name(later) === name(steps[index]));
}

function nameOf(f: AnyFunction): string {
  return f.name === "" ? "<anonymous>" : f.name;
}

/** As an engine would do it: from the text, where names are to be bound in it; else with the functions that are here. */
function localCall(parts: Guarded): Callable {
  const { f, steps } = parts;
  if (boundNames(steps).length > 0) return callFromText(parts);
  const stages = steps.flatMap((step): GuardStage[] => {
    if (step.kind === "check") return [["check", step.f as Callable, step.args, nameOf(step.f)]];
    return step.kind === "import" ? [["import", step.specifier, -1]] : [];
  });
  return guard(nameOf(f), () => f as Callable, stages, UnmetDependency);
}

function callFromText(parts: Guarded): Callable {
  const make = new Function("UnmetDependency", CAPTURED, `"use strict"; return (${guardedText(parts)}\n);`);
  const captured = parts.steps.flatMap(capturedBy);
  return function (this: unknown, ...args: unknown[]): unknown {
    const values = decodeValue(encodeCaptured(captured)) as Readonly<Record<string, unknown>>;
    return make(UnmetDependency, values[CAPTURED]).apply(this, args);
  };
}
