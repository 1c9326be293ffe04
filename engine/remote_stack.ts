/**
 * The stack of a task's error as its author should see it: positions in the function's own source, nothing of the engine.
 *
 * Pure text. Called for an error before it is encoded.
 * @module
 */
import { TEXT_PREFIX } from "./compile.ts";

const ENGINE_FOLDER = new URL(".", import.meta.url).href;

/**
 * A place in shipped source: `troupe:name@hash+shift, <anonymous>:line:column`, as V8 writes evaluated text with a name.
 * `shift`: characters that stand before the source on its first line; absent: none.
 */
const SHIPPED_PLACE = /(troupe:[^\s,()+]+)(?:\+(\d+))?, <anonymous>:(\d+):(\d+)/g;

/** Text of ours that was shipped around the user's. */
const OWN_FRAME = /^\s+at (async )?(\S+\.)?troupeModuleCall \(/;

/** Cuts the frames that called the function and moves positions to where they are in the source as it was shipped. */
export function remoteStack(stack: string, named: (line: string) => string = (line) => line): string {
  const lines = stack.split("\n");
  const end = lines.findIndex((line) => /^\s+at /.test(line) && line.includes(ENGINE_FOLDER));
  const own = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !OWN_FRAME.test(line));
  return own.map((line) => ownPlace(named(line))).join("\n");
}

function ownPlace(line: string): string {
  return line.replace(SHIPPED_PLACE, (_all, name: string, before: string | undefined, row: string, column: string) => {
    const shift = row === "1" ? TEXT_PREFIX.length + Number(before ?? 0) : 0;
    return `${name}:${row}:${Math.max(1, Number(column) - shift)}`;
  });
}
