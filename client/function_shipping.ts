/**
 * Functions and instances of registered classes as they travel: text that stays the same while its function lives, and
 * the values around it, as they are at the moment of submission.
 *
 * One for each client. Without the parser (it comes with the start of a session) functions travel as their bare text.
 * Called by `task_templates.ts` and `argument_encoder.ts`, and for results by whoever decodes them.
 * @module
 */
import { CELLS, LINK } from "../protocol/shipped_names.ts";
import { contentHash } from "../wire/content_hash.ts";
import { SerializationError } from "../wire/errors.ts";
import { FUNCTION_FORM, instanceForm, instanceOf } from "../wire/function_link.ts";
import type { DecodeSpecial, EncodeSpecial, SpecialForm } from "../wire/special_forms.ts";
import { encodeValue } from "../wire/value_codec.ts";
import { type ProgramText, programText } from "./closure_code.ts";
import { ClosureGraph, type GraphSource } from "./closure_graph.ts";
import { type GraphCell, nameOf } from "./closure_nodes.ts";
import { CellReader } from "./cell_reader.ts";
import { travellingImport } from "./closure_imports.ts";
import { ClosureReader } from "./closure_reader.ts";
import { ClosureScripts, type TextPosition } from "./closure_scripts.ts";
import { isInteractive } from "./notebook_kernel.ts";
import { ownName } from "./own_values.ts";
import type { ParseScript } from "./parsed_script.ts";
import { type AnyClass, registeredType, typeNamed } from "./registered_type.ts";
import { type ModuleRef, shippedOf, type ShippedText } from "./shipped_text.ts";
import { SentFunctions } from "./sent_functions.ts";
import { encodeSpecial } from "./special_values.ts";
import { type AnyFunction, expressionText, isMethodText, sourceText, standaloneText } from "./source_text.ts";

/** A function ready to travel. */
export interface PackedFunction {
  /** An expression, or a method in shorthand form. */
  readonly text: string;
  /** What is free in it; `null`: nothing. */
  readonly captures: PackedCaptures | null;
  /** Its variables may change while it runs: who calls it twice makes it twice. */
  readonly isFresh: boolean;
  /** Modules that it imports and that travel with it. */
  readonly modules: readonly ModuleRef[];
  /** Functions of this program whose own texts are in it, as far as it is known where they stand. */
  readonly parts: readonly PlacedText[];
}

/** The text of a function, and where it begins in a script of this program. */
export interface PlacedText extends TextPosition {
  readonly text: string;
  readonly url: string;
}

/** What becomes of functions on their way: for those that run in this program, it is not the same as for others. */
export type ShippingRules = Pick<GraphSource, "resolveImport" | "shippedOf">;

/** Values of variables: as they are where all are primitives, else encoded, for functions of the program may be in them. */
export type PackedCells = readonly unknown[] | Uint8Array;

/** The captures of a program, encoded. */
export interface PackedCaptures {
  readonly bytes: Uint8Array;
}

/** A class that travels by itself. */
interface PackedClass {
  readonly key: string;
  readonly name: string;
  readonly text: string;
  readonly cells: PackedCells;
  readonly modules: readonly ModuleRef[];
  readonly parts: readonly PlacedText[];
}

/** A text with its cells still to be put on the way. */
interface PackedProgram {
  readonly text: string;
  readonly cells: PackedCells;
  readonly modules: readonly ModuleRef[];
  readonly parts: readonly PlacedText[];
  readonly fixed: boolean;
}

/** What stands for the result of a task; `null` for anything else. */
export interface ResultForms {
  formOf(value: object): SpecialForm | null;
}

type Modules = Map<string, ModuleRef>;

const NO_MODULES: readonly ModuleRef[] = [];
const TRAVELLING: ShippingRules = { resolveImport: travellingImport, shippedOf };

export class FunctionShipping implements Disposable {
  #source: GraphSource | null = null;
  readonly #fixed = new WeakMap<AnyFunction, PackedFunction>();
  readonly #fixedPrograms = new WeakMap<AnyFunction, PackedProgram>();
  readonly #classes = new WeakMap<object, PackedClass>();
  readonly #byKey = new Map<string, AnyClass>();
  readonly #packing = new Set<object>();
  /** Where the modules go of what is being encoded. */
  #modules: Modules = new Map();
  #results: ResultForms | null = null;
  /** What went out among values. */
  readonly sent = new SentFunctions();

  /** Functions are looked at from now on. */
  open(parse: ParseScript, rules: ShippingRules = TRAVELLING): void {
    if (this.#source !== null) return;
    const reader = isInteractive() ? new CellReader() : ClosureReader.open();
    this.#source = {
      ...rules,
      scripts: new ClosureScripts(parse, reader),
      reader,
      settled: new WeakMap(),
      isRegistered: (value) => registeredType(value) !== null,
    };
  }

  [Symbol.dispose](): void {
    this.#source?.reader?.[Symbol.dispose]();
    this.#source = null;
  }

  /** The function to be run by tasks. Throws `SerializationError`, `TypeError` for what is no function. */
  pack(f: AnyFunction): PackedFunction {
    const known = typeof f === "function" ? this.#fixed.get(f) : undefined;
    if (known !== undefined) return known;
    const shipped = this.#shippedOf(f);
    if (shipped !== null) return { ...shipped, captures: null, isFresh: false, parts: [] };
    if (this.#source === null) {
      return { text: sourceText(f), captures: null, isFresh: false, modules: NO_MODULES, parts: [] };
    }
    // What is no function, a class or native is refused in the words for tasks.
    const program = this.#program(f, standaloneText);
    const packed: PackedFunction = {
      text: program.text,
      captures: isBare(program) ? null : { bytes: encodeValue({ [CELLS]: program.cells }, { special: this.encode }) },
      isFresh: !program.fixed && !isBare(program),
      modules: program.modules,
      parts: program.parts,
    };
    if (program.fixed) this.#fixed.set(f, packed);
    return packed;
  }

  /** What `encode` gives, and the modules of the functions and classes that it encoded. */
  withModules<T>(encode: () => T): readonly [T, readonly ModuleRef[]] {
    const modules: Modules = new Map();
    const encoded = this.#collecting(modules, encode);
    return [encoded, modules.size === 0 ? NO_MODULES : [...modules.values()]];
  }

  /** Meanwhile, results of tasks may be among the values, also around functions: they stand as `results` says. */
  withResults<T>(results: ResultForms | null, encode: () => T): T {
    const before = this.#results;
    this.#results = results;
    try {
      return encode();
    } finally {
      this.#results = before;
    }
  }

  /** What stands for a function in a value, and for an instance of a registered class. */
  readonly encode: EncodeSpecial = (value) => {
    if (typeof value === "function") return this.#formOf(value as AnyFunction);
    return this.#results?.formOf(value) ?? encodeSpecial(value) ?? this.#instanceForm(value);
  };

  /** Results: instances of classes that are registered here. */
  readonly decode: DecodeSpecial = (kind, [first, second, third]) => {
    if (kind === "function" && first === FUNCTION_FORM.registered && typeof second === "string") {
      const Class = this.#byKey.get(second) ?? typeNamed(String(third));
      if (Class !== null) return Class;
      throw new SerializationError(
        `Cannot decode the value: it is an instance of "${
          String(third)
        }", which is not registered here; call registerType(${String(third)}) before.`,
      );
    }
    const type = kind === "registered" ? registeredType(first) : null;
    if (type !== null) return instanceOf(first as object, second, type.decode);
    throw new SerializationError(`Cannot decode the value: a part of kind "${kind}" means nothing in a result.`);
  };

  #formOf(f: AnyFunction): SpecialForm | null {
    const own = ownName(f);
    if (own !== null) return { kind: "function", parts: [FUNCTION_FORM.own, own] };
    if (registeredType(f) !== null) return this.#classForm(f);
    const shipped = this.#shippedOf(f);
    if (shipped !== null) {
      this.#collect(shipped.modules);
      return { kind: "function", parts: [FUNCTION_FORM.program, shipped.text, null, nameOf(f)] };
    }
    if (this.#source === null) {
      return { kind: "function", parts: [FUNCTION_FORM.program, expressionText(f), null, nameOf(f)] };
    }
    const { text, cells, modules, parts } = this.#program(f, null);
    this.#collect(modules);
    const expression = cells === NO_CELLS && isMethodText(text) ? `Object.values({${text}\n})[0]` : text;
    this.sent.add(expression, parts);
    return { kind: "function", parts: [FUNCTION_FORM.program, expression, cells, nameOf(f)] };
  }

  #instanceForm(value: object): SpecialForm | null {
    const Class = value.constructor;
    const type = registeredType(Class);
    return type === null ? null : instanceForm(value, Class, type.encode);
  }

  #classForm(Class: object): SpecialForm {
    const { key, name, text, cells, modules, parts } = this.#packedClass(Class);
    this.#collect(modules);
    this.sent.add(text, parts);
    return { kind: "function", parts: [FUNCTION_FORM.registered, key, name, text, cells] };
  }

  #packedClass(Class: object): PackedClass {
    let packed = this.#classes.get(Class);
    if (packed === undefined) {
      // It is made once on each engine, for all tasks: results that only some of these bring along have no place in it.
      packed = this.withResults(null, () => this.#packClass(Class));
      this.#classes.set(Class, packed);
      this.#byKey.set(packed.key, Class as AnyClass);
    }
    return packed;
  }

  #packClass(Class: object): PackedClass {
    const type = registeredType(Class);
    if (type === null || this.#source === null) {
      throw new SerializationError(`Cannot ship a class before the client is connected.`);
    }
    if (this.#packing.has(Class)) {
      throw new SerializationError(
        `Cannot ship the class "${type.name}": it uses an instance of itself that stands outside of it; make that a static field.`,
      );
    }
    this.#packing.add(Class);
    try {
      const functions = [Class, type.encode, type.decode].filter((f) => f !== null) as AnyFunction[];
      const { text, cells, modules, parts } = this.#link(
        functions,
        functions.length === 1 ? ONE : functions.length,
        Class,
      );
      const key = contentHash(encodeValue([text, cells], { special: this.encode }));
      return { key, name: type.name, text, cells, modules, parts };
    } finally {
      this.#packing.delete(Class);
    }
  }

  /** `bare`: gives the text of a function that needs nothing around it. */
  #program(f: AnyFunction, bare: ((f: AnyFunction) => string) | null): PackedProgram {
    const known = this.#fixedPrograms.get(f);
    if (known !== undefined) return known;
    bare?.(f);
    const program = this.#link([f], 0, null);
    if (program.fixed) this.#fixedPrograms.set(f, program);
    return program;
  }

  #link(functions: readonly AnyFunction[], wanted: number, Class: object | null): PackedProgram {
    if (this.#source === null) throw new TypeError("Cannot link functions before the parser is there.");
    const source = this.#source;
    const graph = new ClosureGraph(
      Class === null ? source : { ...source, isRegistered: (value) => value !== Class && source.isRegistered(value) },
    );
    for (const f of functions) graph.add(f);
    graph.work();
    const [root] = graph.nodes;
    const isAlone = graph.nodes.length === 1 && graph.cells.length === 0 && wanted === 0 && root?.guard === null &&
      root.text !== null && root.text.form !== "class" &&
      root.imports.every((to, at) => to === root.text?.imports[at]?.specifier);
    if (isAlone && root?.text !== null && root !== undefined) {
      const modules = graph.modules.size === 0 ? NO_MODULES : [...graph.modules.values()];
      return { text: root.text.text, cells: NO_CELLS, modules, parts: placedTexts(graph), fixed: graph.fixed };
    }
    const { program, cells } = this.#collecting(graph.modules, () => this.#encodeCells(graph, wanted, Class));
    return {
      text: program.text,
      cells,
      modules: [...graph.modules.values()],
      parts: placedTexts(graph),
      fixed: graph.fixed,
    };
  }

  #shippedOf(f: AnyFunction): ShippedText | null {
    return (this.#source ?? TRAVELLING).shippedOf(f);
  }

  #collect(modules: readonly ModuleRef[]): void {
    for (const module of modules) this.#modules.set(module.hash, module);
  }

  #collecting<T>(modules: Modules, encode: () => T): T {
    const before = this.#modules;
    this.#modules = modules;
    try {
      return encode();
    } finally {
      this.#modules = before;
    }
  }

  /** Values may hold functions that belong to the graph, and these more values. */
  #encodeCells(graph: ClosureGraph, wanted: number, Class: object | null) {
    for (;;) {
      const program = programText(graph, wanted);
      const count = graph.nodes.length;
      const cells = this.#encodeOnce(graph, program, Class);
      if (graph.nodes.length === count) return { program, cells };
      graph.work();
    }
  }

  #encodeOnce(graph: ClosureGraph, program: ProgramText, Class: object | null): PackedCells {
    const values = valuesOf(program.cells);
    if (values.every(isPrimitive)) return values;
    const special: EncodeSpecial = (value) => {
      if (typeof value !== "function" || value !== Class && registeredType(value) !== null) return this.encode(value);
      if (ownName(value) !== null) return this.encode(value);
      graph.fixed = false;
      return { kind: "function", parts: [FUNCTION_FORM.reference, graph.add(value as AnyFunction)] };
    };
    try {
      return encodeValue(values, { special });
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      for (const cell of program.cells) explain(cell, special);
      throw error;
    }
  }
}

/** A program of one function that is given as an array. */
const ONE = 1;
const NO_CELLS: readonly unknown[] = [];

function valuesOf(cells: readonly GraphCell[]): unknown[] {
  return cells.map(({ content }) => content.kind === "value" ? content.value : undefined);
}

function isPrimitive(value: unknown): boolean {
  return value === null || typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol";
}

function placedTexts({ nodes }: ClosureGraph): PlacedText[] {
  return nodes.flatMap(({ text }) =>
    text === null || text.position === null ? [] : [{ text: text.text, url: text.url, ...text.position }]
  );
}

function isBare({ text, cells }: PackedProgram): boolean {
  return cells === NO_CELLS && !text.startsWith(`${LINK}(`);
}

/** Throws an error that names the variable, where it is this one that can't travel. */
function explain({ label, user, content, place }: GraphCell, special: EncodeSpecial): void {
  if (content.kind !== "value") return;
  try {
    encodeValue(content.value, { root: label, special });
  } catch (cause) {
    if (!(cause instanceof SerializationError)) throw cause;
    throw new SerializationError(
      `Cannot ship "${user}" with "${label}", a variable around it${place()}. ${cause.message}`,
      {
        cause,
      },
    );
  }
}
