/**
 * What a closure has captured, read through the runtime's inspector: the variables of every scope around a function, as
 * they are at this moment, and the source of the script it stands in.
 *
 * All within one turn of the event loop, and nothing is left held: the inspector executes at once, and hands its answers
 * to `process.nextTick`, which here is called at once as well. Called by `closure_graph.ts`; `null` where the runtime or
 * its permissions do not allow it.
 * @module
 */
import * as inspector from "node:inspector";
import process from "node:process";

/** What was captured, innermost scope first; reading a variable that is not initialised throws `ReferenceError`. */
export type CapturedScope = Readonly<Record<string, unknown>>;

/** A function as it stands in its script. */
export interface ReadClosure {
  readonly scopes: readonly CapturedScope[];
  readonly place: ScriptPlace | null;
}

/** Lines and columns from 0. */
export interface ScriptPlace {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
}

/** The source of a script, as it runs. */
export interface ScriptSource {
  readonly url: string;
  readonly source: string;
}

type Answer = Readonly<Record<string, unknown>>;

const GROUP = "troupe";
/** Where the inspector finds what it is to look at, and leaves what it found. */
const SLOT = Symbol.for("troupe.inspected");
const EVALUATE = { expression: 'globalThis[Symbol.for("troupe.inspected")].f', objectGroup: GROUP, silent: true };
const FETCH = 'function () { globalThis[Symbol.for("troupe.inspected")].scopes = this; }';

/** Reads closures of this program. */
export interface ScopeReader extends Disposable {
  /** The function's scopes and its place. What was read is a snapshot; the objects in it are the program's own. */
  read(f: object): ReadClosure;
  /** `null` where it is gone. */
  source(scriptId: string): ScriptSource | null;
}

/** Through the inspector. */
export class ClosureReader implements ScopeReader {
  readonly #session: inspector.Session;
  readonly #urls = new Map<string, string>();

  private constructor(session: inspector.Session) {
    this.#session = session;
    session.on(
      "Debugger.scriptParsed" as never,
      (({ params }: { params: { scriptId: string; url: string } }) => {
        this.#urls.set(params.scriptId, params.url);
      }) as never,
    );
  }

  /** `null` where the runtime has no such inspector, or `--allow-sys` is missing. */
  static open(): ClosureReader | null {
    try {
      if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") return null;
      const session = new inspector.Session();
      session.connect();
      const reader = new ClosureReader(session);
      const probe = ((marker) => () => marker)(SLOT);
      if (reader.read(probe).scopes[0]?.["marker"] === SLOT) return reader;
      reader[Symbol.dispose]();
    } catch {
      // No inspector, or another one than we know.
    }
    return null;
  }

  /** The function's scopes and its place. What was read is a snapshot; the objects in it are the program's own. */
  read(f: object): ReadClosure {
    const slot: { f: object; scopes: unknown } = { f, scopes: null };
    Object.defineProperty(globalThis, SLOT, { value: slot, configurable: true });
    try {
      const id = (this.#post("Runtime.evaluate", EVALUATE)["result"] as Answer)["objectId"];
      const found = this.#post("Runtime.getProperties", { objectId: id, ownProperties: true, generatePreview: false });
      let place: ScriptPlace | null = null;
      for (const { name, value } of (found["internalProperties"] ?? []) as { name: string; value: Answer }[]) {
        if (name === "[[FunctionLocation]]") place = placeOf(value["value"] as Answer);
        if (name === "[[Scopes]]") {
          this.#post("Runtime.callFunctionOn", {
            objectId: value["objectId"],
            functionDeclaration: FETCH,
            silent: true,
          });
        }
      }
      return { scopes: scopesOf(slot.scopes), place };
    } finally {
      this.#post("Runtime.releaseObjectGroup", { objectGroup: GROUP });
      Reflect.deleteProperty(globalThis, SLOT);
    }
  }

  /** `null` where it is gone. */
  source(scriptId: string): ScriptSource | null {
    try {
      this.#post("Debugger.enable", {});
      const found = this.#post("Debugger.getScriptSource", { scriptId });
      return { url: this.#urls.get(scriptId) ?? "", source: String(found["scriptSource"]) };
    } catch {
      return null;
    } finally {
      this.#post("Debugger.disable", {});
      this.#urls.clear();
    }
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** The answer, now. Throws what the inspector says. */
  #post(method: string, params: object): Answer {
    let answer: Answer | null = null;
    let error: Error | null = null;
    const deliver: (() => void)[] = [];
    const { nextTick } = process;
    process.nextTick = (callback: () => void) => void deliver.push(callback);
    try {
      this.#session.post(method as never, params as never, (failure: Error | null, result?: object) => {
        error = failure;
        answer = (result ?? {}) as Answer;
      });
    } finally {
      process.nextTick = nextTick;
    }
    for (const callback of deliver) callback();
    if (error !== null) throw error;
    if (answer === null) throw new TypeError(`The inspector did not answer "${method}" at once.`);
    return answer;
  }
}

function placeOf(value: Answer): ScriptPlace {
  return {
    scriptId: String(value["scriptId"]),
    line: Number(value["lineNumber"]),
    column: Number(value["columnNumber"]),
  };
}

/** The global object is no scope of a closure: its names mean something on every engine. */
function scopesOf(list: unknown): CapturedScope[] {
  const scopes: CapturedScope[] = [];
  const { length = 0 } = (list ?? {}) as { readonly length?: number };
  for (let index = 0; index < length; index++) {
    const scope = (list as Readonly<Record<number, { description?: string; object?: object }>>)[index];
    if (scope?.object !== undefined && scope.description !== "Global" && scope.object !== globalThis) {
      scopes.push(scope.object as CapturedScope);
    }
  }
  return scopes;
}
