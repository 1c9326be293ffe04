/**
 * Stacks from engines with the user's files, lines and columns in them, and the line of source at the top.
 *
 * A shipped text knows which functions are in it, and where these stand in the scripts that run here; what Deno makes of a
 * position in such a script is asked of Deno itself, which has the map. A bundle has its own map. Never throws: what can't
 * be told stays as it came. Called by `settlement.ts`.
 * @module
 */
import type { ContentHash } from "../protocol/ids.ts";
import { type FunctionCode, type ShippedCode } from "./function_code.ts";
import { type FunctionPlace, functionPlaces } from "./function_places.ts";
import type { SourcePlace } from "./source_map.ts";
import type { AnyFunction } from "./source_text.ts";

/** Places of so many texts are remembered. */
const KNOWN_TEXTS = 1_000;

/** `troupe:name@hash:line:column`, as engines write it. */
const SHIPPED_PLACE = /troupe:[^\s()]*@([0-9a-f]{8}):(\d+):(\d+)/;
const FIRST_PLACE = /\(?((?:file|https?):[^\s()]+):(\d+):(\d+)\)?$/m;

/** A function in a text that was shipped. Lines and columns count from 1. */
interface PlacedFunction {
  readonly place: FunctionPlace;
  readonly firstLine: number;
  readonly lastLine: number;
  readonly column: number;
}

/** Runs a text as if it stood at a place of a file. */
type RunAt = (code: string, options: { filename: string; lineOffset: number; columnOffset: number }) => unknown;

/** Knows where shipped texts come from. */
export class SourcePositions {
  readonly #placed = new Map<ContentHash, readonly PlacedFunction[]>();
  readonly #looking = new Map<ContentHash, Promise<void>>();
  #runAt: RunAt | null = null;

  /** To be awaited before stacks of its tasks are told; `null`: all is known. Never rejects. */
  prepare(code: FunctionCode): Promise<void> | null {
    if (this.#placed.has(code.hash) || code.parts === undefined) return null;
    const looking = this.#looking.get(code.hash);
    if (looking !== undefined) return looking;
    const started = this.#look(code, code.parts).finally(() => this.#looking.delete(code.hash));
    this.#looking.set(code.hash, started);
    return started;
  }

  /** The stack of an error that a task of this code failed with. */
  told(stack: string, code: FunctionCode): string {
    try {
      let shown = false;
      return stack.split("\n").map((line) => {
        const place = this.#placeIn(line, code);
        if (place === null) return line;
        const told = line.replace(/^(\s+at )(async )?eval \((.*)\)$/, "$1$2$3")
          .replace(SHIPPED_PLACE, `${place.url}:${place.line}:${place.column}`);
        const source = shown ? null : place.text ?? lineOf(place);
        shown = true;
        return source === null ? told : `${told}\n${excerpt(place, source)}`;
      }).join("\n");
    } catch {
      return stack;
    }
  }

  async #look(code: FunctionCode, functions: readonly AnyFunction[]): Promise<void> {
    let placed: readonly PlacedFunction[] = [];
    try {
      const own = functions.filter((f) => typeof f === "function");
      const places = await functionPlaces(own);
      const text = textOf(code);
      placed = own.flatMap((f, index) => placedIn(text, f, places[index] ?? null));
      // Checked here, where it is loaded anyway.
      if (placed.length > 0) this.#runAt ??= (await import("node:vm")).runInThisContext as RunAt;
    } catch {
      // Told as they come, then.
    }
    const [oldest] = this.#placed.keys();
    if (this.#placed.size >= KNOWN_TEXTS && oldest !== undefined) this.#placed.delete(oldest);
    this.#placed.set(code.hash, placed);
  }

  #placeIn(line: string, code: FunctionCode): SourcePlace | null {
    const [, hash, row, column] = SHIPPED_PLACE.exec(line) ?? [];
    if (hash === undefined) return null;
    const at = { line: Number(row), column: Number(column) };
    if (code.hash.startsWith(hash)) return this.#placeInFunction(code, at.line, at.column);
    const module = code.modules?.find((module) => module.hash.startsWith(hash));
    return module?.map?.find(at.line, at.column) ?? null;
  }

  #placeInFunction({ hash }: ShippedCode, line: number, column: number): SourcePlace | null {
    const inside = ({ firstLine, lastLine, column: from }: PlacedFunction) =>
      firstLine <= line && line <= lastLine && (line > firstLine || from <= column);
    const found = this.#placed.get(hash)?.findLast(inside);
    if (found === undefined) return null;
    const { url, line: startLine, column: startColumn } = found.place;
    const there = line === found.firstLine ? startColumn + column - found.column : column;
    return this.#inSource(url, startLine + line - found.firstLine, there);
  }

  /** A script runs without its types; where a position of it lies in its file, Deno shows in the stack of an error there. */
  #inSource(url: string, line: number, column: number): SourcePlace | null {
    const options = { filename: url, lineOffset: line - 1, columnOffset: column - 1 };
    const error = this.#runAt?.("new Error()", options);
    const [, file, row, col] = FIRST_PLACE.exec((error as Error | undefined)?.stack ?? "") ?? [];
    if (file === undefined) return null;
    return { url: file, line: Number(row), column: Number(col), text: null };
  }
}

function textOf({ source }: FunctionCode): string {
  const bytes = source instanceof Uint8Array ? source : source.bytes;
  return bytes === null ? "" : new TextDecoder().decode(bytes);
}

function placedIn(text: string, f: AnyFunction, place: FunctionPlace | null): PlacedFunction[] {
  const own = Function.prototype.toString.call(f);
  const start = text.indexOf(own);
  if (place === null || start < 0) return [];
  const before = text.slice(0, start).split("\n");
  const firstLine = before.length;
  const lastLine = firstLine + own.split("\n").length - 1;
  return [{ place, firstLine, lastLine, column: (before.at(-1) ?? "").length + 1 }];
}

/** From the disk, where the program may read it without a question. */
function lineOf({ url, line }: SourcePlace): string | null {
  if (!url.startsWith("file:")) return null;
  try {
    const path = new URL(url);
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
    return Deno.readTextFileSync(path).split("\n")[line - 1] ?? null;
  } catch {
    return null;
  }
}

/** The line with a mark below it. Tabs stay tabs, so that the mark stands where it should. */
function excerpt({ line, column }: SourcePlace, source: string): string {
  const number = String(line).padStart(8);
  const margin = source.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `${number} | ${source.trimEnd()}\n${" ".repeat(number.length)} | ${margin}^`;
}
