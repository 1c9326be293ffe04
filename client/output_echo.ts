/**
 * Prints what tasks print, here: line by line with where it comes from, or a block for each task.
 *
 *   [stdout:2] half way                      [stdout:2] task "a1b2c3d4e5-7"
 *   [stderr:0] this is slow                  half way
 *
 * Called by `Client`; writes through `console`, so that whoever replaces it gets this too.
 * @module
 */
import type { OutputChannel } from "../protocol/outcome.ts";
import type { OutputLine, OutputListener } from "./output_watch.ts";

/** How output of tasks is shown. */
export interface EchoOptions {
  /** A block for each task when it has ended, in place of lines that mix as they come; default false. */
  readonly grouped?: boolean;
}

/** Where lines go: `console`, or what a test reads. */
export type EchoTarget = Pick<Console, "log" | "error">;

/** Lines of one task, a block for each attempt and channel. */
interface Block {
  readonly line: OutputLine;
  readonly texts: string[];
}

/** Prints each line as it comes. */
export function echoLines(target: EchoTarget): OutputListener {
  return { line: (line) => print(target, line.channel, `${prefix(line)} ${line.text}`) };
}

/** Holds the lines of a task until it has ended. What earlier attempts printed comes first, in blocks of its own. */
export function echoBlocks(target: EchoTarget): OutputListener {
  const tasks = new Map<string, Block[]>();
  return {
    line(line) {
      let blocks = tasks.get(line.msgId);
      if (blocks === undefined) tasks.set(line.msgId, blocks = []);
      let block = blocks.find(({ line: { channel, attempt } }) => channel === line.channel && attempt === line.attempt);
      if (block === undefined) blocks.push(block = { line, texts: [] });
      block.texts.push(line.text);
    },
    ended(msgId) {
      for (const { line, texts } of tasks.get(msgId) ?? []) {
        const label = line.label === null ? "" : ` (${line.label})`;
        print(target, line.channel, `${prefix(line)} task "${msgId}"${label}\n${texts.join("\n")}`);
      }
      tasks.delete(msgId);
    },
  };
}

function prefix({ channel, engineId }: OutputLine): string {
  return `[${channel}:${engineId ?? "?"}]`;
}

function print(target: EchoTarget, channel: OutputChannel, text: string): void {
  // As one argument it would be a format.
  if (channel === "stdout") target.log("%s", text);
  else target.error("%s", text);
}
