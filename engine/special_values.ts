/**
 * Values that only the two ends of a task know how to carry, at the engine's end: functions, instances of registered
 * classes, references to what the engine holds, results of other tasks.
 *
 * One place for every kind of special form. Made by the engine.
 * @module
 */
import { CELLS, LINK, MODULE_SCHEME, MODULES_KEY } from "../protocol/shipped_names.ts";
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";
import { type CompiledText, FunctionLinker, type ValueLinker } from "../wire/function_link.ts";
import type { EncodedValue } from "../wire/scattered_value.ts";
import type { DecodeSpecial, EncodeSpecial } from "../wire/special_forms.ts";
import { compileFactory } from "./compile.ts";
import { engineExports } from "./engine_exports.ts";
import { inputValue } from "./input_values.ts";
import { ownNamespace } from "./namespace.ts";

const NO_INPUTS: readonly EncodedValue[] = [];

type Namespace = Readonly<Record<string, unknown>>;

type RegistrableClass = abstract new (...args: never[]) => object;

/** How instances of a class travel; as the options of `registerType`. */
interface Registration {
  readonly name?: string;
  readonly encode?: (value: object) => unknown;
  readonly decode?: (data: unknown) => object;
}

export class SpecialValues {
  readonly #linker: FunctionLinker = new FunctionLinker({
    compile: (text, name) => this.#compile(text, name),
    own: (name) => this.#own(name),
    import: importModule,
  });

  readonly #plain = new TaskValues(this.#linker, NO_INPUTS);

  /** What tasks, and the modules that travel, have of Troupe itself. */
  readonly exports = engineExports({
    currentTask,
    registerType: (Class: RegistrableClass, { name, encode, decode }: Registration = {}) =>
      this.#linker.register(Class, name ?? Class.name, encode, decode),
  });

  /** Arguments and captures of tasks that bring no results of others along. */
  readonly decode: DecodeSpecial = (kind, parts) => this.#plain.decode(kind, parts);

  /** The same for a task that brings these along, encoded. */
  with(inputs: readonly EncodedValue[]): TaskValues {
    return new TaskValues(this.#linker, inputs);
  }

  /** Results. */
  readonly encode: EncodeSpecial = (value) => this.#linker.encode(value);

  /** Adds to the captures of a program what its text is linked with. */
  withLinker(captures: Record<string, unknown>): Record<string, unknown> {
    return this.#plain.withLinker(captures);
  }

  /** What programs name: of Troupe, all of it as an object, and of the runtime. */
  #own(name: string): unknown {
    if (name === "*") return this.exports;
    if (name === "globalThis") return globalThis;
    const [, global] = /^globalThis\.(.*)$/.exec(name) ?? [];
    if (global !== undefined) return (globalThis as Record<string, unknown>)[global];
    return Object.hasOwn(this.exports, name) ? this.exports[name] : undefined;
  }

  #compile(text: string, name: string): CompiledText {
    const hash = contentHash(new TextEncoder().encode(text));
    const factory = compileFactory(text, name, hash, [CELLS, LINK]);
    return (cells, link) => factory({ [CELLS]: cells, [LINK]: link });
  }
}

/** What is decoded for one task: also the results of others that it brings along. */
class TaskValues {
  readonly decode: DecodeSpecial;
  readonly #linker: ValueLinker;

  constructor(linker: FunctionLinker, inputs: readonly EncodedValue[]) {
    this.#linker = linker.with((kind, parts) => {
      if (kind === "reference") return referred(parts[0]);
      if (kind === "input") return inputValue(parts, inputs, this.decode);
      throw new SerializationError(`Cannot decode the value: a "${kind}" has no meaning on this engine.`);
    });
    this.decode = this.#linker.decode;
  }

  /** As that of `SpecialValues`. */
  withLinker(captures: Record<string, unknown>): Record<string, unknown> {
    if (CELLS in captures) captures[LINK] = this.#linker.link;
    return captures;
  }
}

/** That of the task that calls it. */
function currentTask(): unknown {
  return (globalThis as { currentTask?: () => unknown }).currentTask?.();
}

/** Throws `ReferenceError` for a name that is not there. */
function referred(path: unknown): unknown {
  if (typeof path !== "string") throw new SerializationError("Cannot decode a reference: it names nothing.");
  return ownNamespace().pull([path])[0];
}

function importModule(specifier: string): Promise<Namespace> {
  if (!specifier.startsWith(MODULE_SCHEME)) return import(specifier);
  const engine = globalThis as unknown as Record<symbol, { load(hash: string): Promise<Namespace> } | undefined>;
  const modules = engine[Symbol.for(MODULES_KEY)];
  if (modules === undefined) {
    throw new SerializationError("Cannot import a local module: this engine takes none.");
  }
  return modules.load(specifier.slice(MODULE_SCHEME.length));
}
