/**
 * The names that direct views define on this engine: global variables, so that shipped functions and texts find them.
 *
 * Each process has its own, lost with it. What the runtime and the engine define is never among them. Offered to tasks
 * by `main.ts`; nothing of the pipe is reachable from here.
 * @module
 */
import type { EngineNamespace, ScriptParts } from "../protocol/namespace.ts";
import { NAMESPACE_KEY } from "../protocol/shipped_names.ts";
import type { ContentHash } from "../protocol/ids.ts";
import { sourceName, TEXT_PREFIX } from "./compile.ts";

// As wide as what stands before a function's text: positions on the first line are moved back by as much.
const DECLARATIONS_PREFIX = " ".repeat(TEXT_PREFIX.length);
const BODY_PREFIX = "(async()=>{".padEnd(TEXT_PREFIX.length);
const BODY_SUFFIX = "\n})()";
/** So many names are shown in an error. */
const SHOWN_NAMES = 10;

// Kept here because tasks may patch the globals.
const evaluate = eval;
const { defineProperty, deleteProperty, ownKeys } = Reflect;
const hasOwn = Object.hasOwn;

type Globals = Record<string, unknown>;

export class Namespace implements EngineNamespace {
  readonly #globals = globalThis as unknown as Globals;
  /** Everything that was there before any task ran. */
  readonly #builtins: ReadonlySet<PropertyKey>;
  readonly #names = new Set<string>();
  readonly #engineId: () => number | null;
  readonly #onDefine: () => void;

  /**
   * To be made when all that belongs to the engine is in place. `engineId`: for errors. `onDefine`: the task that calls
   * leaves something here, which outlives it.
   */
  constructor(engineId: () => number | null, onDefine: () => void = () => {}) {
    this.#onDefine = onDefine;
    this.#builtins = new Set(ownKeys(globalThis));
    this.#engineId = engineId;
  }

  push(values: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(values);
    for (const name of names) this.#check(name);
    for (const name of names) this.#define(name, values[name]);
    this.#onDefine();
  }

  pull(paths: readonly string[]): unknown[] {
    return paths.map((path) => this.lookUp(path));
  }

  clear(): void {
    for (const name of this.#names) deleteProperty(this.#globals, name);
    this.#names.clear();
  }

  async execute({ name, hash, names, declarations, body }: ScriptParts): Promise<unknown> {
    for (const declared of names) this.#check(declared);
    this.#onDefine();
    const before = new Set(ownKeys(globalThis));
    const source = sourceName(name, hash as ContentHash);
    const suffix = `\n//# sourceURL=${source}`;
    try {
      evaluate(`${DECLARATIONS_PREFIX}${declarations}${suffix}`);
      for (const declared of names) this.#names.add(declared);
      return sendable(await evaluate(`${BODY_PREFIX}${body}${BODY_SUFFIX}${suffix}`));
    } catch (error) {
      if (error instanceof Error && typeof error.stack === "string") {
        error.stack = ownFrames(error.stack, source, body.split("\n").length);
      }
      throw error;
    } finally {
      // Also what it assigned without declaring it, and what its functions did.
      for (const key of ownKeys(globalThis)) if (typeof key === "string" && !before.has(key)) this.#names.add(key);
    }
  }

  /** What is at a path. Throws `ReferenceError` where there is nothing. */
  lookUp(path: string): unknown {
    const [name = "", ...keys] = path.split(".");
    if (!hasOwn(this.#globals, name) || this.#builtins.has(name)) throw this.#missing(path, name);
    let value = this.#globals[name];
    let at = name;
    for (const key of keys) {
      at += `.${key}`;
      if (value === null || value === undefined || !(key in Object(value))) throw this.#missing(path, at);
      value = (value as Globals)[key];
    }
    return value;
  }

  #define(name: string, value: unknown): void {
    // A name of ours is set as a program would: to define it again costs the engine what it knows of its globals.
    if (this.#names.has(name) && hasOwn(this.#globals, name)) {
      this.#globals[name] = value;
      return;
    }
    const done = defineProperty(this.#globals, name, { value, writable: true, enumerable: true, configurable: true });
    if (!done) throw new TypeError(`Cannot define "${name}" on ${this.#here}: a task has fixed it there for good.`);
    this.#names.add(name);
  }

  #check(name: string): void {
    if (!this.#builtins.has(name)) return;
    throw new TypeError(`Cannot define "${name}" on ${this.#here}: it is built in there; take another name.`);
  }

  #missing(path: string, at: string): ReferenceError {
    const names = [...this.#names].filter((name) => hasOwn(this.#globals, name)).sort();
    const shown = names.slice(0, SHOWN_NAMES).join(", ") + (names.length > SHOWN_NAMES ? ", …" : "");
    return new ReferenceError(
      `Cannot find "${path}" on ${this.#here}: there is no "${at}"; ` +
        (names.length === 0 ? "push or execute it there first." : `there are ${shown}.`),
    );
  }

  get #here(): string {
    const id = this.#engineId();
    return id === null ? "this engine" : `engine ${id}`;
  }
}

/** The namespace of this process. */
export function ownNamespace(): EngineNamespace {
  const namespace = (globalThis as unknown as Record<symbol, EngineNamespace | undefined>)[Symbol.for(NAMESPACE_KEY)];
  if (namespace === undefined) throw new ReferenceError("Cannot find a name: this process has no namespace.");
  return namespace;
}

/** A text that ends with the definition of a function, or of an imported module, has no value to send. */
function sendable(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  const isModule = typeof value === "object" && value !== null && Object.prototype.toString.call(value) ===
      "[object Module]";
  return isModule ? undefined : value;
}

/** Cuts what is behind the last of so many lines: what we put around the text, and what called it. */
function ownFrames(stack: string, source: string, rows: number): string {
  const lines = stack.split("\n");
  const end = lines.findIndex((line) => line.includes(source) && Number(/:(\d+):\d+\)?$/.exec(line)?.[1] ?? 0) > rows);
  return (end < 0 ? lines : lines.slice(0, end)).join("\n");
}
