/**
 * Puts the built-in functions back that a task replaced, so that its patches end with it.
 *
 * The engine and the next tasks live in the same global scope, and no task must break another. The look at all of them
 * is one compiled expression (under a microsecond), since it is taken after every task, and, where tasks run side by
 * side, before each that starts. Used by the task runner.
 * @module
 */

// Kept before any task runs, as all that restoring needs.
const { defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;

/** What the engine itself stands on: its pipe, its codec, its loop. */
const GLOBALS = [
  ["Array", "BigInt", "DataView", "Date", "Error", "Function", "JSON", "Map", "Math", "Number", "Object", "Promise"],
  ["RangeError", "ReferenceError", "Reflect", "RegExp", "Set", "String", "Symbol", "SyntaxError", "TextDecoder"],
  ["TextEncoder", "TypeError", "Uint8Array", "setImmediate", "setInterval", "setTimeout"],
].flat();

/** One built-in: where it belongs. */
interface Place {
  readonly holder: object;
  readonly key: string;
  readonly descriptor: PropertyDescriptor;
}

/** The built-in functions as they were when this was made. */
export class Intrinsics {
  readonly #places: readonly Place[];
  readonly #intact: () => boolean;

  constructor() {
    const holders = [...builtinHolders()];
    this.#places = [
      ...placesOf(globalThis, GLOBALS),
      ...holders.flatMap((holder) => placesOf(holder, functionNames(holder))),
    ];
    this.#intact = compileLook(this.#places);
  }

  /** Puts back what was replaced. Throws where the replacement can't be undone. */
  restore(): void {
    if (this.#intact()) return;
    for (let index = 0; index < this.#places.length; index++) {
      const place = this.#places[index];
      if (place === undefined || (place.holder as Record<string, unknown>)[place.key] === place.descriptor.value) {
        continue;
      }
      if (!defineProperty(place.holder, place.key, place.descriptor)) {
        throw new TypeError(`Cannot go on: a task has replaced "${place.key}" of a built-in for good`);
      }
    }
  }
}

function builtinHolders(): Set<object> {
  const holders = new Set<object>();
  for (const name of GLOBALS) {
    const value = (globalThis as unknown as Record<string, unknown>)[name];
    if (typeof value !== "function" && typeof value !== "object" || value === null || name === "console") continue;
    holders.add(value);
    const { prototype } = value as { prototype?: object };
    if (prototype !== undefined) holders.add(prototype);
  }
  holders.add(Object.getPrototypeOf(Uint8Array));
  holders.add(Object.getPrototypeOf(Uint8Array.prototype));
  holders.add(Object.getPrototypeOf([][Symbol.iterator]()));
  return holders;
}

function functionNames(holder: object): string[] {
  const names = ownKeys(holder).filter((key): key is string => typeof key === "string" && /^[a-z]\w*$/i.test(key));
  return names.filter((name) => typeof getOwnPropertyDescriptor(holder, name)?.value === "function");
}

function placesOf(holder: object, names: readonly string[]): Place[] {
  return names.flatMap((key) => {
    const descriptor = getOwnPropertyDescriptor(holder, key);
    return descriptor === undefined || !("value" in descriptor) ? [] : [{ holder, key, descriptor }];
  });
}

/** Named reads of constants: the compiler makes each a compare or two, where a loop would look every name up. */
function compileLook(places: readonly Place[]): () => boolean {
  const looks = places.map(({ key }, index) => `h${index}.${key} === v${index}`);
  const names = places.map((_place, index) =>
    `h${index} = places[${index}].holder, v${index} = places[${index}].descriptor.value`
  );
  return new Function("places", `"use strict"; const ${names.join(",\n")};\nreturn () => ${looks.join(" && ")};`)(
    places,
  );
}
