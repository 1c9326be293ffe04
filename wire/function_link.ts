/**
 * Puts shipped functions together: each with the variables around it, those of one closure shared, as they were where they
 * came from.
 *
 * The text of a program (`client/closure_code.ts`) names its functions and variables; values come with each task. Imports
 * are loaded once a process; where one is missing, whoever decodes waits for it and decodes again. Used by engines, and by
 * clients for functions that run from their text.
 * @module
 */
import { SerializationError } from "./errors.ts";
import type { DecodeSpecial, EncodeSpecial, SpecialForm, SpecialKind } from "./special_forms.ts";
import { decodeValue } from "./value_codec.ts";

/** Any function that came as text. */
export type LinkedFunction = (...args: unknown[]) => unknown;

/** A program as its text makes it, anew for each task. */
export interface ProgramParts {
  /** Its functions; in the place of late ones, what makes them; in that of guards, nothing. */
  readonly f: LinkedFunction[];
  /** Functions that stand before others. */
  readonly guards: readonly (readonly [index: number, f: LinkedFunction])[];
  /** Those that need values to be made, such as classes, and the late ones that they need; in the order of making. */
  readonly late: readonly (readonly [index: number, needs: readonly number[]])[];
  /** Names of functions that have none in their text. */
  readonly names: readonly (readonly [index: number, name: string])[];
  /** Specifiers; `troupe:` and a hash: a module that travelled. */
  readonly imports: readonly string[];
  /** Properties of functions: which value is the record of them. */
  readonly properties: readonly (readonly [index: number, value: number])[];
  functions(f: readonly LinkedFunction[]): void;
  modules(modules: readonly Readonly<Record<string, unknown>>[], own: (name: string) => unknown): void;
  values(values: readonly unknown[]): void;
}

/** The variables' values; as bytes where functions of the program itself are among them. */
export type ProgramCells = readonly unknown[] | Uint8Array | null;

/** How a value of kind "function" says what it is, as its first part. */
export const FUNCTION_FORM = { reference: 0, own: 1, program: 2, registered: 3 } as const;

/** Called by the text of programs: gives its first function, or as many as are wanted. Throws `MissingImports`. */
export type LinkProgram = (cells: ProgramCells, make: () => ProgramParts, wanted?: number) => unknown;

/** A text that was compiled. */
export type CompiledText = (cells: ProgramCells, link: LinkProgram) => unknown;

/** What a linker asks of the process it is in. */
export interface LinkerHost {
  /** What the text evaluates to, given its cells and what links them. Throws for a text that can't be evaluated. */
  compile(text: string, name: string): CompiledText;
  /** A value of Troupe itself; undefined: there is none of that name. */
  own(name: string): unknown;
  import(specifier: string): Promise<Readonly<Record<string, unknown>>>;
}

/** A class that is the same for all values and tasks. */
interface RegisteredClass {
  readonly key: string;
  readonly name: string;
  readonly encode: ((value: object) => unknown) | null;
  readonly decode: ((data: unknown) => object) | null;
}

/** Thrown where imports are not there yet: decode again when `loaded`, which rejects with what a task is to see. */
export class MissingImports extends SerializationError {
  readonly loaded: Promise<void>;

  constructor(loaded: Promise<void>) {
    super("Modules are still to be imported.");
    this.loaded = loaded;
  }
}

/** The functions and classes that one process was given. */
export class FunctionLinker {
  readonly #host: LinkerHost;
  readonly #modules = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #compiled = new Map<string, CompiledText>();
  readonly #classes = new Map<string, object>();
  readonly #registered = new WeakMap<object, RegisteredClass>();
  readonly #plain = this.with((kind) => {
    throw new SerializationError(`Cannot decode the value: a "${kind}" has no meaning in a class.`);
  });

  constructor(host: LinkerHost) {
    this.#host = host;
  }

  /** For values among which are others than functions and instances: `others` says what these are. */
  with(others: DecodeSpecial): ValueLinker {
    return new ValueLinker(this, others);
  }

  /** For values made here: instances of classes that came registered. */
  readonly encode: EncodeSpecial = (value) => {
    if (typeof value === "function") {
      const known = this.#registered.get(value);
      return known === undefined
        ? null
        : { kind: "function", parts: [FUNCTION_FORM.registered, known.key, known.name] };
    }
    const { constructor } = value;
    const known = typeof constructor === "function" ? this.#registered.get(constructor) : undefined;
    if (known === undefined) return null;
    return instanceForm(value, constructor, known.encode);
  };

  /** A class that was made here: instances of it travel in results, to programs that know it by this name. */
  register(
    Class: object,
    name: string,
    encode: RegisteredClass["encode"] = null,
    decode: RegisteredClass["decode"] = null,
  ): void {
    // For the loop of chunks, which must know what travels.
    Object.defineProperty(Class, REGISTERED, { value: true });
    this.#registered.set(Class, { key: name, name, encode, decode });
  }

  /** For `ValueLinker`. Throws for a class that did not come. */
  instance([made, data]: readonly unknown[]): unknown {
    const known = typeof made === "function" ? this.#registered.get(made) : undefined;
    if (known === undefined) {
      throw new SerializationError("Cannot decode the value: it is of a class that did not come.");
    }
    return instanceOf(made as ConcreteClass, data, known.decode);
  }

  /** For `ValueLinker`: made once, so that all its instances are of one class; what is around it belongs to no task. */
  registeredClass(key: string, name: string, text: unknown, cells: ProgramCells): object {
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    if (typeof text !== "string") {
      throw new SerializationError(`Cannot decode the value: the class "${name}" in it did not come.`);
    }
    const [made, encode, decode] = this.compiled(text, name)(cells, this.#plain.link) as readonly unknown[];
    const Class = made as object;
    this.#classes.set(key, Class);
    // For the loop of chunks, which must know what travels.
    Object.defineProperty(Class, REGISTERED, { value: true });
    this.#registered.set(Class, {
      key,
      name,
      encode: typeof encode === "function" ? encode as (value: object) => unknown : null,
      decode: typeof decode === "function" ? decode as (data: unknown) => object : null,
    });
    return Class;
  }

  /** For `ValueLinker`. */
  compiled(text: string, name: string): CompiledText {
    let compiled = this.#compiled.get(text);
    if (compiled === undefined) {
      compiled = this.#host.compile(text, name);
      if (this.#compiled.size >= KEPT_TEXTS) this.#compiled.clear();
      this.#compiled.set(text, compiled);
    }
    return compiled;
  }

  /** For `ValueLinker`. */
  own(name: string): unknown {
    const value = this.#host.own(name);
    if (value !== undefined) return value;
    throw new SerializationError(`Cannot use "${name}" of Troupe in a task: engines do not have it.`);
  }

  /** For `ValueLinker`. Throws `MissingImports`. */
  imported(specifiers: readonly string[]): Readonly<Record<string, unknown>>[] {
    const modules: Readonly<Record<string, unknown>>[] = [];
    const missing: string[] = [];
    for (const specifier of specifiers) {
      const module = this.#modules.get(specifier);
      if (module === undefined) missing.push(specifier);
      else modules.push(module);
    }
    if (missing.length > 0) throw new MissingImports(this.#load(missing));
    return modules;
  }

  async #load(specifiers: readonly string[]): Promise<void> {
    await Promise.all(specifiers.map(async (specifier) => {
      this.#modules.set(specifier, await this.#host.import(specifier));
    }));
  }
}

/** Decodes the values of one task, those around its functions among them. */
export class ValueLinker {
  readonly #linker: FunctionLinker;
  readonly #others: DecodeSpecial;

  /** For `FunctionLinker.with`. */
  constructor(linker: FunctionLinker, others: DecodeSpecial) {
    this.#linker = linker;
    this.#others = others;
  }

  readonly link: LinkProgram = (cells, make, wanted = 0) => {
    const parts = make();
    const modules = this.#linker.imported(parts.imports);
    for (const [index, f] of parts.guards) parts.f[index] = f;
    const program = new LinkedProgram(parts);
    parts.functions(parts.f);
    parts.modules(modules, (name) => this.#linker.own(name));
    const values = cells instanceof Uint8Array ? this.#decodeCells(cells, program) : cells ?? [];
    parts.values(values);
    program.finish(values);
    return wanted === 0 ? program.get(0) : Array.from({ length: wanted }, (_, index) => program.get(index));
  };

  readonly decode: DecodeSpecial = (kind, parts) => this.#decode(kind, parts, null);

  #decodeCells(bytes: Uint8Array, program: LinkedProgram): readonly unknown[] {
    const special: DecodeSpecial = (kind, parts) => this.#decode(kind, parts, program);
    return decodeValue(bytes, { special }) as readonly unknown[];
  }

  #decode(kind: SpecialKind, parts: readonly unknown[], program: LinkedProgram | null): unknown {
    if (kind === "function") return this.#decodeFunction(parts, program);
    return kind === "registered" ? this.#linker.instance(parts) : this.#others(kind, parts);
  }

  #decodeFunction(parts: readonly unknown[], program: LinkedProgram | null): unknown {
    const [form, first, second, third, fourth] = parts;
    switch (form) {
      case FUNCTION_FORM.reference:
        if (program !== null && typeof first === "number") return program.get(first);
        break;
      case FUNCTION_FORM.own:
        if (typeof first === "string") return this.#linker.own(first);
        break;
      case FUNCTION_FORM.program:
        if (typeof first === "string") return this.#linker.compiled(first, String(third))(cellsOf(second), this.link);
        break;
      case FUNCTION_FORM.registered:
        if (typeof first === "string") {
          return this.#linker.registeredClass(first, String(second), third, cellsOf(fourth));
        }
    }
    throw new SerializationError("Cannot decode the value: a function in it lacks its parts.");
  }
}

const REGISTERED = Symbol.for("troupe.registered");
const KEPT_TEXTS = 1_000;

/** Functions of one program for one task. */
class LinkedProgram {
  readonly #parts: ProgramParts;
  readonly #late = new Map<number, LinkedFunction | null>();

  constructor(parts: ProgramParts) {
    this.#parts = parts;
    for (const [index] of parts.late) this.#late.set(index, null);
    for (const [index, name] of parts.names) if (!this.#late.has(index)) nameFunction(parts.f[index], name);
  }

  get(index: number): LinkedFunction {
    const made = this.#late.get(index);
    if (made !== undefined && made !== null) return made;
    const f = this.#parts.f[index];
    if (f === undefined) {
      throw new SerializationError("Cannot decode the value: it names a function that is not there.");
    }
    return made === null ? this.#make(index, f) : f;
  }

  /** Values are there: makes what is late, and gives functions their properties. */
  finish(values: readonly unknown[]): void {
    for (const [index] of this.#parts.late) this.get(index);
    for (const [index, value] of this.#parts.properties) {
      const record = values[value] as Readonly<Record<string, unknown>>;
      for (const key of Object.keys(record)) {
        Object.defineProperty(this.get(index), key, {
          value: record[key],
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    }
  }

  #make(index: number, thunk: LinkedFunction): LinkedFunction {
    const needs = this.#parts.late.find(([late]) => late === index)?.[1] ?? [];
    for (const need of needs) this.get(need);
    const made = thunk() as LinkedFunction;
    this.#late.set(index, made);
    for (const [named, name] of this.#parts.names) if (named === index) nameFunction(made, name);
    return made;
  }
}

function nameFunction(f: LinkedFunction | undefined, name: string): void {
  if (f !== undefined && f.name !== name) Object.defineProperty(f, "name", { value: name, configurable: true });
}

function cellsOf(value: unknown): ProgramCells {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value) || value instanceof Uint8Array) return value;
  throw new SerializationError("Cannot decode the value: a function in it lacks its variables.");
}

type ConcreteClass = new () => object;

/** What stands for an instance: of its class and its data. */
export function instanceForm(
  value: object,
  Class: object,
  encode: ((value: object) => unknown) | null,
): SpecialForm {
  return { kind: "registered", parts: [Class, encode === null ? { ...value } : encode(value)] };
}

/** The instance, made by `decode`, or of its own properties and no call of the constructor. */
export function instanceOf(Class: object, data: unknown, decode: ((data: unknown) => object) | null): object {
  if (decode !== null) return decode(data);
  const made = Object.create((Class as ConcreteClass).prototype) as object;
  return Object.defineProperties(made, Object.getOwnPropertyDescriptors(data as object));
}
