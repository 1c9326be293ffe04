/**
 * What to say about values that can't travel: where they are, what they are, what to do instead.
 *
 * Words only; never calls into the values it describes in a way that could throw. Called by `value_walk.ts` and
 * `error_codec.ts`.
 * @module
 */

/** One step of a path: a property, an index, or into a `Map` or `Set`. */
export type PathStep =
  | string
  | number
  | { readonly call: "get"; readonly key: unknown }
  | { readonly call: "keys" | "values"; readonly index: number };

/** Why a value can't travel, and the way out. */
export interface Unfit {
  readonly is: string;
  readonly instead: string;
}

const SHOWN_STEPS = 12;
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** `args[0].a["b c"].get("k")`; the middle of very long paths is left out. */
export function renderPath(root: string, steps: readonly PathStep[]): string {
  if (steps.length <= SHOWN_STEPS) return root + steps.map(renderStep).join("");
  const half = SHOWN_STEPS / 2;
  const left = steps.slice(0, half).map(renderStep).join("");
  const right = steps.slice(-half).map(renderStep).join("");
  return `${root}${left}…(${steps.length - SHOWN_STEPS} more)…${right}`;
}

function renderStep(step: PathStep): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "string") return IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  if (step.call === "get") return `.get(${describe(step.key)})`;
  return `.${step.call}()[${step.index}]`;
}

/** The text of the error. */
export function cannotSerialize(path: string, unfit: Unfit): string {
  return `Cannot serialize ${path}: it is ${unfit.is}, which can't travel to another process; ${unfit.instead}.`;
}

/** Why a value that no codec takes can't travel. */
export function unfitFor(value: unknown): Unfit {
  if (typeof value === "function") {
    return { is: describe(value), instead: "pass data, and call the function where the data arrives" };
  }
  if (typeof value === "symbol") return { is: describe(value), instead: "pass a string" };
  const name = className(value);
  return { is: `an instance of ${name}`, instead: adviceFor(name, isBuiltIn(value, name)) };
}

function adviceFor(name: string, isBuiltIn: boolean): string {
  switch (name) {
    case "AsyncResult":
    case "AsyncMapResult":
      return "pass it as an argument of the task, or await it first";
    case "Client":
    case "Cluster":
    case "LoadBalancedView":
    case "DirectView":
      return "use currentTask().client in the function: a client of the task's own, with its views";
    case "AbortSignal":
    case "AbortController":
      return "give the signal as the flag of that name, and ask currentTask().signal in the function";
    case "Iterator":
      return "pass an array of its items, such as [...iterator]";
    case "Promise":
      return "await it first";
    case "WeakMap":
    case "WeakSet":
    case "WeakRef":
      return "pass what it refers to";
    case "SharedArrayBuffer":
      return "pass a copy, new Uint8Array(shared).slice()";
    case "Blob":
    case "File":
      return "pass its bytes, await blob.bytes()";
    case "Generator":
    case "AsyncGenerator":
      return "pass or return an array of its items, such as [...f(x)]";
    case "Object":
      return "pass or return a plain object with what is needed of it";
    default:
      if (isBuiltIn) return "make or open it inside the function, and pass what it is made of";
      return `register the class, registerType(${name}), or pass or return a plain object with what is needed of it`;
  }
}

/** Whether its class is the runtime's: that can't be registered in a way that helps. */
function isBuiltIn(value: unknown, name: string): boolean {
  try {
    const { constructor } = value as { readonly constructor?: unknown };
    const places: readonly unknown[] = [globalThis, (globalThis as { readonly Deno?: unknown }).Deno];
    return places.some((place) => constructor === (place as Readonly<Record<string, unknown>> | undefined)?.[name]);
  } catch {
    return false;
  }
}

/** Objects that every runtime makes for itself, and that would arrive empty: `Math`, `JSON`. `null`: it is none. */
export function unfitGlobal(value: object): Unfit | null {
  const name = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (typeof name !== "string" || (globalThis as Readonly<Record<string, unknown>>)[name] !== value) return null;
  return { is: `the runtime's own ${name}`, instead: `use it by that name inside the function` };
}

/** A value in a few words, whatever it is. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "function":
      return `the function ${nameOf(value) || "<anonymous>"}`;
    case "symbol":
      return `the ${String(value)}`;
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : `an instance of ${className(value)}`;
    default:
      return String(value);
  }
}

/** The name of a value's class; `Object` where it hides it. */
function className(value: unknown): string {
  try {
    const { constructor } = value as { readonly constructor?: unknown };
    if (typeof constructor === "function") return nameOf(constructor) || "Object";
    // Generators have no class, but a tag.
    return /^\[object (Generator|AsyncGenerator)\]$/.exec(Object.prototype.toString.call(value))?.[1] ?? "Object";
  } catch {
    return "Object";
  }
}

function nameOf(fn: object): string {
  try {
    const { name } = fn as { readonly name?: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}
