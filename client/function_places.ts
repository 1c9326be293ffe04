/**
 * Where functions stand in the scripts that this program runs: asked of the inspector, for functions whose tasks failed.
 *
 * Costs some milliseconds, since the inspector tells of every script first. Never throws and never asks for permission:
 * where it can't be had, no function has a place. Called by `source_positions.ts`.
 * @module
 */
import type { AnyFunction } from "./source_text.ts";

/** Where the text of a function begins in a script as it runs, which is without types. Both count from 1. */
export interface FunctionPlace {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** One question to the inspector; its answer, `null` where it has none. */
type Ask = (method: string, params?: object) => Promise<Answer | null>;

interface Answer {
  readonly result?: readonly { readonly value?: RemoteObject }[] & { readonly objectId?: string };
  readonly internalProperties?: readonly { readonly name: string; readonly value?: { readonly value?: Location } }[];
  readonly scriptSource?: string;
}

interface RemoteObject {
  readonly objectId?: string;
}

interface Location {
  readonly scriptId: string;
  /** From 0, as the column. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** Of each function; `null`: it can't be told. */
export async function functionPlaces(functions: readonly AnyFunction[]): Promise<readonly (FunctionPlace | null)[]> {
  const nowhere = functions.map(() => null);
  try {
    if (Deno.permissions.querySync({ name: "sys" }).state !== "granted") return nowhere;
    const { Session } = await import("node:inspector");
    const session = new Session();
    session.connect();
    try {
      const urls = new Map<string, string>();
      session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
      const ask: Ask = (method, params = {}) =>
        new Promise((resolve) =>
          session.post(method, params, (error: Error | null, answer?: object) => resolve(error ? null : answer ?? null))
        );
      await ask("Debugger.enable");
      return await placesOf(functions, urls, ask);
    } finally {
      session.disconnect();
    }
  } catch {
    return nowhere;
  }
}

async function placesOf(
  functions: readonly AnyFunction[],
  urls: ReadonlyMap<string, string>,
  ask: Ask,
): Promise<readonly (FunctionPlace | null)[]> {
  const key = `troupe.located.${crypto.randomUUID()}`;
  const holder = globalThis as unknown as Record<string, unknown>;
  holder[key] = functions;
  try {
    const found: (FunctionPlace | null)[] = [];
    for (const [index, f] of functions.entries()) {
      found.push(await placeOf(f, `globalThis[${JSON.stringify(key)}][${index}]`, urls, ask));
    }
    return found;
  } finally {
    delete holder[key];
  }
}

async function placeOf(
  f: AnyFunction,
  expression: string,
  urls: ReadonlyMap<string, string>,
  ask: Ask,
): Promise<FunctionPlace | null> {
  const objectId = (await ask("Runtime.evaluate", { expression }))?.result?.objectId;
  const properties = await ask("Runtime.getProperties", { objectId, ownProperties: true });
  const location = properties?.internalProperties?.find(({ name }) => name === "[[FunctionLocation]]")?.value?.value;
  const url = location === undefined ? undefined : urls.get(location.scriptId);
  if (location === undefined || url === undefined) return null;
  const source = (await ask("Debugger.getScriptSource", { scriptId: location.scriptId }))?.scriptSource ?? "";
  return textPlace(source, Function.prototype.toString.call(f), location, url);
}

/** The inspector tells where the parameters begin; the text of the function begins before, or there. */
function textPlace(source: string, text: string, location: Location, url: string): FunctionPlace | null {
  let at = location.columnNumber;
  for (let line = 0, from = 0; line < location.lineNumber; line++) {
    from = source.indexOf("\n", from) + 1;
    if (line === location.lineNumber - 1) at += from;
  }
  const start = source.lastIndexOf(text, at);
  if (start < 0 || start + text.length < at) return null;
  const before = source.slice(0, start).split("\n");
  return { url, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
