/**
 * `logs`: the log of a cluster, readable; with `-f` as it is written.
 * @module
 */
import { dirname } from "node:path";
import { humanLine, type LogLine } from "../cluster/process_log.ts";
import { profilePaths, verbFor } from "../cluster/profile.ts";
import { NotRunning } from "../wire/errors.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

function printLine(text: string, json: boolean): void {
  if (text === "") return;
  if (json) return console.log(text);
  try {
    console.log(humanLine(JSON.parse(text) as LogLine));
  } catch {
    console.log(text);
  }
}

/** Prints whole lines from where the file was read to last, and goes on with the next file when that one is full. */
class LogReader implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile;
  readonly #decoder = new TextDecoder();
  #rest = "";

  readonly #json: boolean;

  constructor(path: string, json: boolean) {
    this.#path = path;
    this.#json = json;
    this.#file = Deno.openSync(path);
  }

  printNew(): void {
    this.#printRest();
    if (!this.#isPast()) return;
    // What was written between the look and now.
    this.#printRest();
    this.#file.close();
    this.#file = Deno.openSync(this.#path);
    this.#printRest();
  }

  #isPast(): boolean {
    try {
      return Deno.statSync(this.#path).ino !== this.#file.statSync().ino;
    } catch (error) {
      // Between two files, or cleaned.
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  #printRest(): void {
    const chunk = new Uint8Array(64 * 1024);
    for (let read = this.#file.readSync(chunk); read !== null && read > 0; read = this.#file.readSync(chunk)) {
      const lines = (this.#rest + this.#decoder.decode(chunk.subarray(0, read), { stream: true })).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) printLine(line, this.#json);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

export async function logs(said: Said<"logs">): Promise<number> {
  const path = profilePaths(said.name).log;
  try {
    using reader = new LogReader(path, said.json);
    // Watched before it is read: no line is written unseen in between. The folder, for the file may be replaced.
    using watcher = said.follow ? Deno.watchFs(dirname(path), { recursive: false }) : null;
    reader.printNew();
    for await (const _event of watcher ?? []) reader.printNew();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new NotRunning(
      `Cannot show the log of "${said.name}": there is none; start it with "${verbFor("start", said.name)}".`,
    );
  }
  return EXIT.done;
}
