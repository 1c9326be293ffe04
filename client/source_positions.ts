/**
 * Stacks from engines with the user's files, lines and columns in them, and the line of source at the top.
 *
 * A shipped text knows which functions are in it, and where these stand in the scripts that run here; what Deno makes of a
 * position in such a script is asked of Deno itself, which has the map. A bundle has its own map. Never throws: what can't
 * be told stays as it came. Called by `settlement.ts` when somebody reads a stack.
 * @module
 */
import type { FunctionCode } from "./function_code.ts";
import type { PlacedText } from "./function_shipping.ts";
import type { SentFunctions, SentText } from "./sent_functions.ts";
import type { SourcePlace } from "./source_map.ts";

/** `troupe:name@hash:line:column`, as engines write it. */
const SHIPPED_PLACE = /troupe:[^\s()]*@([0-9a-f]{8}):(\d+):(\d+)/;
const FIRST_PLACE = /\(?((?:file|https?):[^\s()]+):(\d+):(\d+)\)?$/m;

const NOTHING_SENT: Pick<SentFunctions, "find"> = { find: () => null };

/** A place in a text or in a script. Both count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** Runs a text as if it stood at a place of a file. */
interface VirtualMachine {
  runInThisContext(code: string, at: { filename: string; lineOffset: number; columnOffset: number }): unknown;
}

/** The stack of an error that a task of this code failed with. `sent`: functions that it may have been given. */
export function toldStack(stack: string, code: FunctionCode, sent: Pick<SentFunctions, "find"> = NOTHING_SENT): string {
  try {
    let shown = false;
    return stack.split("\n").map((line) => {
      const place = placeIn(line, code, sent);
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

function placeIn(line: string, code: FunctionCode, sent: Pick<SentFunctions, "find">): SourcePlace | null {
  const [, hash, row, column] = SHIPPED_PLACE.exec(line) ?? [];
  if (hash === undefined) return null;
  const at = { line: Number(row), column: Number(column) };
  if (code.hash.startsWith(hash)) return placeInFunctions({ text: textOf(code), parts: code.parts ?? [] }, at);
  const module = code.modules?.find((module) => module.hash.startsWith(hash));
  if (module !== undefined) return module.map?.find(at.line, at.column) ?? null;
  const known = sent.find(hash);
  return known === null ? null : placeInFunctions(known, at);
}

/** The last function that has it: what stands inside of another one is behind its beginning. */
function placeInFunctions({ text, parts }: SentText, at: Position): SourcePlace | null {
  let found: SourcePlace | null = null;
  let last = -1;
  for (const part of parts) {
    const start = text.indexOf(part.text);
    const place = start > last ? placeInPart(text, start, part, at) : null;
    if (place === null) continue;
    found = place;
    last = start;
  }
  return found;
}

function placeInPart(text: string, start: number, part: PlacedText, at: Position): SourcePlace | null {
  const before = text.slice(0, start).split("\n");
  const first = { line: before.length, column: (before.at(-1) ?? "").length + 1 };
  const lines = part.text.split("\n").length;
  if (at.line < first.line || at.line >= first.line + lines) return null;
  if (at.line > first.line) return placeInSource(part.url, part.line + at.line - first.line, at.column);
  return at.column < first.column ? null : placeInSource(part.url, part.line, part.column + at.column - first.column);
}

/** A script runs without its types; where a position of it lies in its file, Deno shows in the stack of an error there. */
export function placeInSource(url: string, line: number, column: number): SourcePlace | null {
  const options = { filename: url, lineOffset: line - 1, columnOffset: column - 1 };
  const error = virtualMachine().runInThisContext("new Error()", options);
  const [, file, row, col] = FIRST_PLACE.exec((error as Error | undefined)?.stack ?? "") ?? [];
  if (file === undefined) return null;
  return { url: file, line: Number(row), column: Number(col), text: null };
}

/** In this turn, and only where a stack is read. */
function virtualMachine(): VirtualMachine {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: string): unknown } };
  return process.getBuiltinModule("node:vm") as VirtualMachine;
}

function textOf({ source }: FunctionCode): string {
  const bytes = source instanceof Uint8Array ? source : source.bytes;
  return bytes === null ? "" : new TextDecoder().decode(bytes);
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
