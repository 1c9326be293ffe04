/**
 * The functions that travel together: a function, those it captured, those these captured, and the variables between them.
 *
 * Follows functions to what they hold, and reads variables as they are at this moment. What it finds are the nodes and
 * cells of `closure_nodes.ts`. Made for each submission by `function_shipping.ts`; `closure_code.ts` writes it down.
 * @module
 */
import { types } from "node:util";
import { SerializationError } from "../wire/errors.ts";
import {
  type CellContent,
  type GraphCell,
  type GraphGuard,
  type GraphNode,
  type GraphStage,
  nameOf,
} from "./closure_nodes.ts";
import type { CapturedScope, ReadClosure, ScopeReader } from "./closure_reader.ts";
import { isLibrary, type ResolveImport } from "./closure_imports.ts";
import { declaredAt } from "./declared_place.ts";
import type { ClosureScripts, FreeName, FunctionText } from "./closure_scripts.ts";
import { type Guarded, guardedOf, type GuardStep } from "./guarded_code.ts";
import { OWN_NAMESPACE, ownName } from "./own_values.ts";
import { isPlainData } from "./plain_data.ts";
import { isChanging, SharedCells } from "./shared_cells.ts";
import type { ModuleRef, ShippedText } from "./shipped_text.ts";
import { type AnyFunction, checkSyntax, printed, runtimeFunction } from "./source_text.ts";

/** Names that a guard gives its function. */
type Overrides = ReadonlyMap<string, GraphCell>;

/** What graphs of one client share. */
export interface GraphSource {
  readonly scripts: ClosureScripts;
  readonly reader: ScopeReader | null;
  /** Functions whose variables never change. */
  readonly settled: WeakMap<AnyFunction, SettledClosure>;
  readonly resolveImport: ResolveImport;
  /** What is shipped for a function; `null`: its own text. */
  shippedOf(f: AnyFunction): ShippedText | null;
  /** Whether it is a class that travels by itself. */
  isRegistered(value: object): boolean;
}

/** A function whose variables are never assigned to again. */
export interface SettledClosure {
  readonly text: FunctionText;
  readonly values: ReadonlyMap<FreeName, unknown>;
}

interface Task {
  readonly node: GraphNode;
  readonly overrides: Overrides;
}

const NO_PLACE = (): string => "";
const NO_OVERRIDES: Overrides = new Map();
/** What engines define for every task. */
const ENGINE_NAMES: ReadonlySet<string> = new Set(["currentTask", "UnmetDependency"]);

export class ClosureGraph {
  readonly nodes: GraphNode[] = [];
  readonly cells: GraphCell[] = [];
  readonly modules = new Map<string, ModuleRef>();
  /** Nothing in it can change, but by other code than its own functions. */
  fixed = true;
  readonly #source: GraphSource;
  readonly #indices = new Map<AnyFunction, Map<Overrides, number>>();
  readonly #shared = new SharedCells();
  /** What the reader gave of each. */
  readonly #read = new Map<AnyFunction, ReadClosure>();
  readonly #queue: Task[] = [];

  constructor(source: GraphSource) {
    this.#source = source;
  }

  /** The function's place among the nodes. What it needs is only there after `work`. */
  add(f: AnyFunction, overrides: Overrides = NO_OVERRIDES): number {
    let byOverrides = this.#indices.get(f);
    if (byOverrides === undefined) this.#indices.set(f, byOverrides = new Map());
    let index = byOverrides.get(overrides);
    if (index !== undefined) return index;
    index = this.nodes.length;
    byOverrides.set(overrides, index);
    const guarded = guardedOf(f);
    const shipped = guarded === null ? this.#source.shippedOf(f) : null;
    const node: GraphNode = {
      f,
      text: guarded === null ? this.#look(f, shipped) : null,
      isStandIn: shipped !== null,
      names: new Map(),
      imports: [],
      guard: null,
      properties: null,
    };
    this.nodes.push(node);
    this.#queue.push({ node, overrides });
    return index;
  }

  /** Follows all that was added. Throws `SerializationError` for what can't travel. */
  work(): void {
    for (let task = this.#queue.pop(); task !== undefined; task = this.#queue.pop()) {
      const { node, overrides } = task;
      const guarded = guardedOf(node.f);
      if (guarded !== null) node.guard = this.#guard(guarded);
      else if (node.text !== null) this.#capture(node, node.text, overrides);
      node.properties = this.#propertiesOf(node);
    }
  }

  #look(f: AnyFunction, shipped: ShippedText | null): FunctionText {
    if (shipped !== null) {
      for (const module of shipped.modules) this.modules.set(module.hash, module);
      return this.#source.scripts.look(nameOf(f), shipped.text, null);
    }
    const settled = this.#source.settled.get(f);
    if (settled !== undefined) return settled.text;
    const text = printed(f);
    const read = this.#source.reader?.read(f) ?? { scopes: [], place: null };
    this.#read.set(f, read);
    let look: FunctionText;
    try {
      look = this.#source.scripts.look(nameOf(f), text, read.place);
    } catch (error) {
      if (error instanceof SyntaxError) checkSyntax(f.name, text);
      throw error;
    }
    if (/^(?:ext|node):/.test(look.url)) throw runtimeFunction(f);
    if (look.scriptId === null) checkSyntax(f.name, text);
    return look;
  }

  #capture(node: GraphNode, text: FunctionText, overrides: Overrides): void {
    const name = nameOf(node.f);
    for (const { specifier } of text.imports) {
      const { specifier: resolved, module } = this.#source.resolveImport(name, specifier, text.url);
      if (module !== null) this.modules.set(module.hash, module);
      node.imports.push(resolved);
    }
    const settled = this.#source.settled.get(node.f);
    const values = new Map<FreeName, unknown>();
    let isSettled = true;
    for (const free of text.free) {
      const override = overrides.get(free.name);
      if (override !== undefined) {
        node.names.set(free, override);
        continue;
      }
      if (settled !== undefined && !settled.values.has(free)) continue;
      const found = settled === undefined ? this.#find(node.f, free) : { value: settled.values.get(free), scope: null };
      if (found === null) continue;
      values.set(free, found.value);
      if (isChanging(free)) isSettled = this.fixed = false;
      node.names.set(free, this.#cellFor(node.f, text, free, found.value, found.scope));
    }
    if (isSettled && settled === undefined && overrides.size === 0) this.#source.settled.set(node.f, { text, values });
  }

  /** What a free name holds; `null`: it is a global. */
  #find(f: AnyFunction, free: FreeName): { value: unknown; scope: CapturedScope | null } | null {
    const { scopes } = this.#read.get(f) ?? { scopes: [] };
    const scope = scopes.find((scope) => Object.hasOwn(scope, free.name));
    if (scope === undefined) {
      const { binding } = free;
      if (binding !== null && binding.imported !== null) return { value: undefined, scope: null };
      // What a class extends is looked up when the class is made, and need not be kept by anything but the class.
      if (binding !== null && free.isBase) return { value: Object.getPrototypeOf(f), scope: null };
      return this.#unread(f, free);
    }
    try {
      return { value: scope[free.name], scope };
    } catch (cause) {
      throw new SerializationError(
        `Cannot ship "${nameOf(f)}": it uses "${free.name}"${
          this.#place(this.#textOf(f), free)
        }, which has no value yet; ` +
          `submit the task after its declaration has run.`,
        { cause },
      );
    }
  }

  #place(text: FunctionText | null, free: FreeName): string {
    return declaredAt(this.#source.scripts, text, free);
  }

  #textOf(f: AnyFunction): FunctionText | null {
    return this.nodes.find((node) => node.f === f)?.text ?? null;
  }

  #unread(f: AnyFunction, free: FreeName): null {
    const { name, binding } = free;
    if (binding === null && (this.#source.reader !== null || name in globalThis || ENGINE_NAMES.has(name))) return null;
    const why = this.#source.reader === null
      ? "its value can't be read without --allow-sys"
      : "its value can't be read here: the runtime keeps it no longer";
    throw new SerializationError(
      `Cannot ship "${nameOf(f)}": it uses "${name}", a variable around it${
        this.#place(this.#textOf(f), free)
      }, and ${why}; pass it as an argument, ` +
        `give it with require({ ${name} })(f), or run the program with --allow-sys.`,
    );
  }

  #cellFor(f: AnyFunction, text: FunctionText, free: FreeName, value: unknown, scope: CapturedScope | null): GraphCell {
    return this.#shared.of(free, { value, scope, text, f }, () => {
      const cell: GraphCell = {
        name: free.name,
        label: free.name,
        content: this.#contentOf(f, text, free, value),
        user: nameOf(f),
        place: () => this.#place(text, free),
      };
      this.cells.push(cell);
      return cell;
    });
  }

  #contentOf(f: AnyFunction, text: FunctionText, free: FreeName, value: unknown): CellContent {
    const { binding, name } = free;
    // A class that travels by itself is the same one wherever instances of it are made.
    const isOwnOrRegistered = ownName(value) !== null ||
      typeof value === "function" && this.#source.isRegistered(value);
    const imported = isOwnOrRegistered ? null : binding?.imported ?? null;
    if (imported !== null && !imported.attributes) {
      if (imported.name === null && isLibrary(nameOf(f), imported.specifier, text.url)) {
        return { kind: "own", name: OWN_NAMESPACE };
      }
      const { specifier, module } = this.#source.resolveImport(nameOf(f), imported.specifier, text.url);
      if (module !== null) this.modules.set(module.hash, module);
      return { kind: "module", specifier, export: imported.name };
    }
    return this.#valueContent(value, nameOf(f), name, () => this.#place(text, free));
  }

  #valueContent(value: unknown, user: string, name: string, place: () => string = NO_PLACE): CellContent {
    const own = ownName(value);
    if (own !== null) return { kind: "own", name: own };
    if (typeof value === "function") {
      if (types.isProxy(value)) throw isProxy(user, name, place());
      if (this.#source.isRegistered(value)) return { kind: "value", value };
      return { kind: "function", index: this.#addNamed(value as AnyFunction, user, name, place) };
    }
    if (typeof value === "object" && value !== null) {
      if (types.isProxy(value)) throw isProxy(user, name, place());
      this.fixed = false;
    }
    return { kind: "value", value };
  }

  /** Its errors say which variable led to it. */
  #addNamed(value: AnyFunction, user: string, name: string, place: () => string): number {
    try {
      return this.add(value);
    } catch (cause) {
      if (!(cause instanceof SerializationError)) throw cause;
      throw new SerializationError(
        `Cannot ship "${user}": it uses "${name}"${place()}, which can't travel: ${cause.message}`,
        { cause },
      );
    }
  }

  #guard({ f, steps }: Guarded): GraphGuard {
    const user = nameOf(f);
    const overrides = new Map<string, GraphCell>();
    // Before all others, so that its text comes first.
    const inner = this.#anonymous(user, user, { kind: "function", index: this.add(f, overrides) });
    const bound: { cell: { -readonly [K in keyof GraphCell]: GraphCell[K] }; value: unknown }[] = [];
    const slots: GraphCell[] = [];
    const slotOf = new Map<GuardStep, number>();
    for (const step of steps) {
      if (step.kind === "check" || step.name === null || !isInnermost(steps, step)) continue;
      const cell = {
        name: step.name,
        label: step.name,
        content: { kind: "guard" } as CellContent,
        user,
        place: NO_PLACE,
      };
      this.cells.push(cell);
      overrides.set(step.name, cell);
      if (step.kind === "bind") bound.push({ cell, value: step.value });
      else slotOf.set(step, slots.push(cell) - 1);
    }
    for (const { cell, value } of bound) {
      this.fixed &&= typeof value !== "object";
      // Functions that are bound see the other names that are.
      cell.content = typeof value === "function" && !this.#source.isRegistered(value) && ownName(value) === null
        ? {
          kind: "function",
          index: this.add(value as AnyFunction, guardedOf(value as AnyFunction) === null ? overrides : NO_OVERRIDES),
        }
        : this.#valueContent(value, user, cell.name);
    }
    const stages = steps.flatMap((step): GraphStage[] => {
      if (step.kind === "bind") return [];
      if (step.kind === "import") {
        return [{ kind: "import", specifier: step.specifier, slot: slotOf.get(step) ?? -1 }];
      }
      const name = nameOf(step.f);
      const args = this.#anonymous(user, `args of "${name}"`, { kind: "value", value: step.args });
      const check = this.#anonymous(user, name, { kind: "function", index: this.add(step.f) });
      if (step.args.length > 0) this.fixed = false;
      return [{ kind: "check", check, args, name }];
    });
    return { inner, slots, stages };
  }

  #anonymous(user: string, label: string, content: CellContent): GraphCell {
    const cell: GraphCell = { name: "", label, content, user, place: NO_PLACE };
    this.cells.push(cell);
    return cell;
  }

  /** Own properties of a function, and of a class those of its static fields that can travel. */
  #propertiesOf({ f, text }: GraphNode): GraphCell | null {
    const keys = Object.keys(f);
    if (keys.length === 0 || text === null) return null;
    const record: Record<string, unknown> = {};
    for (const key of keys) {
      const value = Object.getOwnPropertyDescriptor(f, key)?.value;
      if (text.form !== "class" || isPlainData(value)) record[key] = value;
    }
    if (Object.keys(record).length === 0) return null;
    this.fixed = false;
    return this.#anonymous(nameOf(f), nameOf(f), { kind: "value", value: record });
  }
}

/** Whether no later step binds the same name: the one next to the function wins. */
function isInnermost(steps: readonly GuardStep[], step: GuardStep): boolean {
  const name = (step: GuardStep) => step.kind === "check" ? null : step.name;
  return !steps.slice(steps.indexOf(step) + 1).some((later) => name(later) === name(step));
}

function isProxy(user: string, name: string, place: string): SerializationError {
  return new SerializationError(
    `Cannot ship "${user}": it uses "${name}"${place}, a Proxy, whose traps can't travel; use a plain copy of what it stands for.`,
  );
}
