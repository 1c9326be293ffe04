/**
 * The source text of a function, as it can stand alone on an engine.
 *
 * Refuses what has no source that would run elsewhere, and says what to ship instead. Reads text only, runs nothing of
 * it. Called by `function_code.ts` and `guarded_code.ts`.
 * @module
 */
import { SerializationError } from "../wire/errors.ts";

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** The text as the function prints it: an expression, or a method in shorthand form. Throws `SerializationError`, `TypeError`. */
export function sourceText(f: AnyFunction): string {
  const text = standaloneText(f);
  checkSyntax(f.name, text);
  return text;
}

/** The same, where the syntax is looked at elsewhere. */
export function standaloneText(f: AnyFunction): string {
  const text = printed(f);
  if (isClassText(text)) {
    throw new SerializationError(
      `Cannot ship "${f.name}": it is a class; ship a function that holds the class and uses it, ` +
        `such as (x) => new ${f.name || "Part"}(x).run().`,
    );
  }
  return text;
}

/** An expression that gives the function. Throws as `sourceText` does. */
export function expressionText(f: AnyFunction): string {
  const text = sourceText(f);
  return isMethodText(text) ? `Object.values({${text}\n})[0]` : text;
}

/** Whether it is the shorthand form of a method: `double(x) { return 2 * x; }`. */
export function isMethodText(text: string): boolean {
  return !parses(`(${text}\n)`) && parses(`({${text}\n})`);
}

/** Whether a variable can have this name. */
export function isVariableName(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name) && parses(`(${name}) => 0`);
}

/** The text as the runtime prints it. Throws `SerializationError` for native code, `TypeError` for what is no function. */
export function printed(f: AnyFunction): string {
  if (typeof f !== "function") {
    const kind = typeof f === "object" ? "an object" : `a ${typeof f}`;
    throw new TypeError(`Cannot ship ${JSON.stringify(f) ?? String(f)}: it is ${kind}, not a function.`);
  }
  const text = Function.prototype.toString.call(f);
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text)) throw new SerializationError(nativeMessage(f));
  return text;
}

/** Whether it is that of a class. */
export function isClassText(text: string): boolean {
  return /^class\b/.test(text);
}

function nativeMessage(f: AnyFunction): string {
  const { name } = f;
  if (name.startsWith("bound ")) {
    return `Cannot ship "${name}": a bound function has no source; wrap the call in a function, such as ` +
      `(x) => ${name.slice("bound ".length) || "f"}(x), and pass what it was bound to as an argument.`;
  }
  return `Cannot ship "${name}": it is native code, which has no source; wrap it in a function of yours, ` +
    wrapping(f);
}

/** The error for a function of the runtime that has a text, which means nothing elsewhere. */
export function runtimeFunction(f: AnyFunction): SerializationError {
  return new SerializationError(
    `Cannot ship "${f.name}": it belongs to the runtime, and what it uses there can't travel; wrap it in a function of ` +
      `yours, ${wrapping(f)}`,
  );
}

function wrapping(f: AnyFunction): string {
  const path = globalPath(f);
  if (path !== null) return `such as ${f.length === 1 ? `(x) => ${path}(x)` : `(...args) => ${path}(...args)`}.`;
  return `such as (x) => ${f.name || "f"}(x), with the object it belongs to, as in (x) => Math.sqrt(x).`;
}

/** Where a function of the runtime is found: `Math.sqrt`; `null`: not at hand. For errors. */
function globalPath(f: AnyFunction): string | null {
  const globals = [...dataOf(globalThis)];
  const global = globals.find(([, value]) => value === f);
  if (global !== undefined) return global[0];
  for (const [name, value] of globals) {
    if (value === globalThis || value === null || (typeof value !== "object" && typeof value !== "function")) continue;
    for (const [member, inner] of dataOf(value)) if (inner === f) return `${name}.${member}`;
  }
  return null;
}

/** Own properties that can be read without calling anything. */
function* dataOf(object: object): Generator<readonly [string, unknown]> {
  for (const name of Object.getOwnPropertyNames(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (descriptor !== undefined && "value" in descriptor && isVariableLike(name)) yield [name, descriptor.value];
  }
}

/** Not `constructor` and `caller`, which lead round in circles. */
function isVariableLike(name: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "constructor";
}

/** A text that stands for no expression of its own can't be run elsewhere: private names and `super` for instance. */
/** Throws `SerializationError`. */
export function checkSyntax(name: string, text: string): void {
  if (parses(`(${text}\n)`) || isMethodText(text)) return;
  throw new SerializationError(
    `Cannot ship "${name}": its source does not stand alone (it may use a private name such as #x, or super); ` +
      `ship a plain function that takes what it needs as arguments.`,
  );
}

/** As an engine will: in strict mode. */
function parses(expression: string): boolean {
  try {
    // Compiled, never called: nothing of the text runs here.
    new Function(`"use strict"; return ${expression}`);
    return true;
  } catch {
    return false;
  }
}
