/**
 * What the controller's keeper writes down for the keeper after it: the last life, its hosts, the engine ids given.
 *
 * A keeper that ends well removes the file; one that is killed leaves it, and the next goes on from there: it waits for
 * these hosts before it dispatches, and gives no id twice. Owned by `host_service.ts`.
 * @module
 */
import type { HostId } from "../protocol/ids.ts";
import type { Log } from "../wire/log.ts";
import { readFileIfThere, removeFile, writePrivateFile } from "./private_file.ts";
import type { RosterReport } from "./roster.ts";

/** A life of a controller, as far as the next one must know of it. */
export interface LastLife extends RosterReport {
  readonly epoch: number;
}

const FORMAT = 1;

/** The file, read when it is opened. Disposing removes it, unless what was left is still what is known. */
export class LastLifeFile implements AsyncDisposable {
  /** What a keeper that was killed left; `null`: there is nothing to go on from. */
  readonly left: LastLife | null;
  readonly #path: string;
  readonly #ownHost: HostId;
  readonly #log: Log;
  #next: LastLife | null = null;
  #hasOwn = false;
  #writing: Promise<void> | null = null;

  private constructor(path: string, ownHost: HostId, log: Log, left: LastLife | null) {
    this.#path = path;
    this.#ownHost = ownHost;
    this.#log = log;
    this.left = left;
  }

  /** `ownHost`: that of the keeper's own process, which ends with it and is not to be waited for. */
  static async open(path: string, ownHost: HostId, log: Log): Promise<LastLifeFile> {
    const text = await readFileIfThere(path);
    const left = text === null ? null : parse(text);
    if (text !== null && left === null) log("warn", "what the last controller left can't be read", { path });
    return new LastLifeFile(path, ownHost, log, left);
  }

  /** Writes it down, soon; what comes while a write is under way is one write more. */
  keep(life: LastLife): void {
    this.#hasOwn = true;
    this.#next = { ...life, hosts: life.hosts.filter((host) => host !== this.#ownHost) };
    this.#writing ??= this.#write();
  }

  /** Resolves when what was kept until now is in the file. */
  get written(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#next = null;
    await this.#writing;
    // One whose controller did not come up has not taken over from anybody: the next one may.
    if (this.#hasOwn) await removeFile(this.#path);
  }

  async #write(): Promise<void> {
    for (let life = this.#next; life !== null; life = this.#next) {
      this.#next = null;
      try {
        await writePrivateFile(this.#path, JSON.stringify({ format: FORMAT, ...life }));
      } catch (error) {
        // It is for a crash that may never come: no reason to have one.
        this.#log("error", "the list of hosts can't be written down", { path: this.#path, reason: String(error) });
      }
    }
    this.#writing = null;
  }
}

function parse(text: string): LastLife | null {
  try {
    const { format, epoch, hosts, nextEngineId } = JSON.parse(text);
    const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
    const known = format === FORMAT && isCount(epoch) && isCount(nextEngineId) && Array.isArray(hosts) &&
      hosts.every((host) => typeof host === "string");
    return known ? { epoch, hosts: hosts as HostId[], nextEngineId } : null;
  } catch {
    return null;
  }
}
