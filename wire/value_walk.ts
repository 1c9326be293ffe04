/**
 * Goes over a user's value before MessagePack does, and replaces what MessagePack would lose.
 *
 * Copies on write: a value made of plain objects, arrays, numbers and strings comes back as it is, not copied. Finds
 * cycles and what can't travel, and names the path to it. In the lenient form, for errors, what can't travel becomes a
 * string that describes it. Called by `value_codec.ts`.
 * @module
 */
import { types } from "node:util";
import { SerializationError } from "./errors.ts";
import type { EncodeSpecial, SpecialKind } from "./special_forms.ts";
import { errorFields } from "./error_value.ts";
import {
  encodeBigint,
  encodeBrokenString,
  encodeBytes,
  ENCODED_NEGATIVE_ZERO,
  ENCODED_UNDEFINED,
  encodeDate,
  encodeMark,
  EXTENSION,
} from "./value_extensions.ts";
import {
  cannotSerialize,
  describe,
  type PathStep,
  renderPath,
  type Unfit,
  unfitFor,
  unfitGlobal,
} from "./unfit_value.ts";

/** How deep a value may be nested: encoding is recursive, and the stack must hold it from wherever it starts. */
export const MAX_VALUE_DEPTH = 1_000;

/** Holes travel as `undefined`; an array that is all holes would grow without bound. */
const MAX_HOLES = 1_000_000;

/** The lengths of MessagePack have 32 bits. What is refused is refused before room is made for it. */
const MAX_VALUE_BYTES = 2 ** 32 - 2 ** 20;

/** One pass over one value. */
export class ValueWalk {
  readonly #root: string;
  readonly #lenient: boolean;
  readonly #special: EncodeSpecial | null;
  readonly #ancestors: object[] = [];
  /** The step from each ancestor to what is looked at below it. */
  readonly #steps: PathStep[] = [];
  /** Bytes in buffers and characters in strings so far: about how much room the encoding will take. */
  bulk = 0;

  constructor(root: string, lenient: boolean, special: EncodeSpecial | null = null) {
    this.#root = root;
    this.#lenient = lenient;
    this.#special = special;
  }

  /** The value, or what stands for it. */
  visit(value: unknown): unknown {
    switch (typeof value) {
      case "number":
        return value === 0 && Object.is(value, -0) ? ENCODED_NEGATIVE_ZERO : value;
      case "string":
        this.bulk += value.length;
        return value.isWellFormed() ? value : encodeBrokenString(value);
      case "boolean":
        return value;
      case "undefined":
        return ENCODED_UNDEFINED;
      case "bigint":
        return encodeBigint(value);
      case "object":
        return value === null ? null : this.#visitObject(value);
      case "function":
        return this.#formOf(value) ?? this.#refuse(value, unfitFor(value));
      default:
        return this.#refuse(value, unfitFor(value));
    }
  }

  /** What stands for a value that only the caller knows. */
  #formOf(value: object): unknown[] | null {
    const form = this.#special?.(value) ?? null;
    return form === null ? null : [encodeMark(MARKS[form.kind]), ...form.parts.map((part) => this.visit(part))];
  }

  #visitObject(value: object): unknown {
    const ancestors = this.#ancestors;
    if (ancestors.includes(value)) return this.#refuse(value, this.#cycle(value));
    if (ancestors.length >= MAX_VALUE_DEPTH) return this.#refuse(value, TOO_DEEP);
    if (types.isProxy(value)) return this.#refuse(value, PROXY);
    ancestors.push(value);
    const replaced = this.#replace(value);
    ancestors.pop();
    return replaced;
  }

  #replace(value: object): unknown {
    const prototype = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      if (prototype === Array.prototype || value.constructor?.name === "Array") return this.#visitArray(value);
      return this.#formOf(value) ?? this.#refuse(value, unfitFor(value));
    }
    if (prototype === Object.prototype || prototype === null) return this.#visitPlain(value);
    return this.#visitSpecial(value, prototype);
  }

  #visitArray(array: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    let holes = 0;
    const level = this.#steps.length;
    this.#steps.push(0);
    for (let index = 0; index < array.length; index++) {
      const item = array[index];
      this.#steps[level] = index;
      const replaced = this.visit(item);
      if (copy === undefined && replaced !== item && replaced === replaced) copy = array.slice(0, index);
      if (copy === undefined) continue;
      copy.push(replaced);
      if (item === undefined && !Object.hasOwn(array, index) && ++holes > MAX_HOLES) break;
    }
    this.#steps.length = level;
    return holes > MAX_HOLES ? this.#refuse(array, SPARSE) : copy ?? array;
  }

  #visitPlain(object: object): unknown {
    const record = object as Record<string, unknown>;
    const keys = Object.keys(record);
    const foreign = keys.length === 0 ? unfitGlobal(object) : null;
    if (foreign !== null) return this.#refuse(object, foreign);
    let copy: Record<string, unknown> | undefined;
    const level = this.#steps.length;
    this.#steps.push("");
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string;
      if (key === "__proto__" || !key.isWellFormed()) {
        this.#steps.length = level;
        return this.#visitEntries(record, keys);
      }
      const item = record[key];
      this.bulk += key.length;
      this.#steps[level] = key;
      const replaced = this.visit(item);
      if (replaced !== item && replaced === replaced) {
        copy ??= { ...record };
        copy[key] = replaced;
      }
    }
    this.#steps.length = level;
    return copy ?? object;
  }

  /** A plain object as `[mark, key, value, …]`. */
  #visitEntries(record: Record<string, unknown>, keys: readonly string[]): unknown {
    const list: unknown[] = [encodeMark(EXTENSION.markObject)];
    for (const key of keys) list.push(this.visit(key), this.#below(key, record[key]));
    return list;
  }

  #visitSpecial(value: object, prototype: object): unknown {
    const form = this.#formOf(value);
    if (form !== null) return form;
    if (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) return this.#visitBytes(value);
    if (types.isDate(value) && isNamed(value, "Date")) return encodeDate(Date.prototype.getTime.call(value));
    if (types.isMap(value) && isNamed(value, "Map")) return this.#visitMap(value);
    if (types.isSet(value) && isNamed(value, "Set")) return this.#visitSet(value);
    if (types.isRegExp(value) && isNamed(value, "RegExp")) {
      return [encodeMark(EXTENSION.markRegExp), this.visit(value.source), value.flags];
    }
    if (value instanceof Error || types.isNativeError(value)) return this.#visitError(value);
    if (value instanceof URL && isNamed(value, "URL")) return [encodeMark(EXTENSION.markUrl), value.href];
    if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      return [encodeMark(EXTENSION.markBoxed), this.visit(value.valueOf())];
    }
    if (isForeignPlain(prototype)) return this.#visitPlain(value);
    return this.#refuse(value, unfitFor(value));
  }

  #visitBytes(value: ArrayBufferView | ArrayBuffer): unknown {
    const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
    if ((buffer as ArrayBuffer).detached) return this.#refuse(value, DETACHED);
    this.bulk += value.byteLength;
    if (this.bulk > MAX_VALUE_BYTES) return this.#refuse(value, tooBig(this.bulk));
    return encodeBytes(value);
  }

  #visitMap(map: ReadonlyMap<unknown, unknown>): unknown {
    const list: unknown[] = [encodeMark(EXTENSION.markMap)];
    for (const [key, item] of map) {
      const place = (list.length - 1) / 2;
      list.push(this.#below({ call: "keys", index: place }, key), this.#below({ call: "get", key }, item));
    }
    return list;
  }

  #visitSet(set: ReadonlySet<unknown>): unknown {
    const list: unknown[] = [encodeMark(EXTENSION.markSet)];
    for (const item of set) list.push(this.#below({ call: "values", index: list.length - 1 }, item));
    return list;
  }

  #visitError(error: Error): unknown {
    const fields = errorFields(error);
    const { extras, errors } = fields;
    return [
      encodeMark(EXTENSION.markError),
      this.visit(fields.name),
      this.visit(fields.message),
      fields.stack === null ? null : this.visit(fields.stack),
      // The object is ours, so it can be no ancestor; its keys are those of the error.
      extras === null ? null : this.#visitPlain(extras),
      errors === null ? null : this.#below("errors", errors),
      fields.hasCause,
      fields.hasCause ? this.#below("cause", fields.cause) : null,
      fields.isDomException,
    ];
  }

  #below(step: PathStep, value: unknown): unknown {
    const level = this.#steps.length;
    this.#steps.push(step);
    const replaced = this.visit(value);
    this.#steps.length = level;
    return replaced;
  }

  #cycle(value: object): Unfit {
    const start = renderPath(this.#root, this.#steps.slice(0, this.#ancestors.indexOf(value)));
    return {
      is: `${start} again, a cycle`,
      instead: "send a tree, and refer to other parts of it by a key or index",
    };
  }

  #refuse(value: unknown, unfit: Unfit): string {
    if (this.#lenient) return describe(value);
    throw new SerializationError(cannotSerialize(renderPath(this.#root, this.#steps), unfit));
  }
}

const MARKS: Readonly<Record<SpecialKind, number>> = {
  function: EXTENSION.markFunction,
  registered: EXTENSION.markRegistered,
  input: EXTENSION.markInput,
  reference: EXTENSION.markReference,
};

/** Its traps would run while it is looked at, and stay behind. */
const PROXY: Unfit = { is: "a Proxy", instead: "pass or return a plain copy of what it stands for" };

const TOO_DEEP: Unfit = {
  is: `nested more than ${MAX_VALUE_DEPTH} levels deep`,
  instead: "flatten the value, for example a linked list to an array",
};

const SPARSE: Unfit = {
  is: `an array with more than ${MAX_HOLES} holes`,
  instead: "send a Map from index to item",
};

function tooBig(bytes: number): Unfit {
  return {
    is: `part of a value of ${bytes.toLocaleString("en")} bytes, past the limit of ` +
      `${MAX_VALUE_BYTES.toLocaleString("en")} (4 GiB)`,
    instead: "send parts of it, such as array.subarray(from, to), as arguments of several tasks",
  };
}

const DETACHED: Unfit = {
  is: "a detached buffer: its bytes were transferred elsewhere",
  instead: "send it before it is transferred, or send a copy",
};

/** Not a subclass: its extra state would be lost. */
function isNamed(value: object, name: string): boolean {
  return value.constructor?.name === name;
}

/** The `Object.prototype` of another realm. */
function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}
