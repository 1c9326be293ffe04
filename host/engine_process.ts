/**
 * One process of an engine: its start, its pipe, its last words, its end.
 *
 * Knows messages, not tasks. What comes back is checked frame by frame; whatever is no frame of ours ends this process
 * and nothing else. Used by `engine_seat.ts`.
 * @module
 */
import { joinBytes } from "../wire/join_bytes.ts";
import { newPipeKey, pieceStart, pipeFrame, PipeParser, PipeViolation } from "../wire/pipe_frames.ts";
import {
  PIECE_BYTES,
  PIPE_VERSION,
  TO_ENGINE,
  TO_HOST,
  type ToEngineMessage,
  type ToHostMessage,
} from "../protocol/pipe_messages.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { EngineCommand } from "./engine_command.ts";
import { LineTail } from "./line_tail.ts";
import { memoryPassedReason } from "./memory_limit.ts";
import { MemoryWatch, systemMemoryReader } from "./memory_watch.ts";
import type { OrphanWatch } from "./orphan_reaper.ts";
import { describeExit } from "./process_end.ts";

/** How long a process may take until it is ready. */
const READY_LIMIT_MS = 30_000;
/** The same where it runs a module of the user's first, which may load gigabytes. */
const INITIALIZED_LIMIT_MS = 600_000;
/** Number of the long value that the initializer is: no other has it. */
const INITIALIZER_VALUE = 0;
/** How long the rest of the output is waited for after the end: a grandchild may hold the pipe open. */
const DRAIN_LIMIT_MS = 500;

const READ_BYTES = 256 * 1024;
/** Frames from this length on are written alone. */
const LONG_FRAME_BYTES = 64 * 1024;

/** Room for a piece and its head; nothing else of that size is sent. */
const ROOM_BYTES = PIECE_BYTES + 64;
const SPARE_ROOMS = 5;

/** How a process ended. */
export interface ProcessEnd {
  /** In words. */
  readonly reason: string;
  /** It would end in the same way each time. */
  readonly hopeless: boolean;
  readonly wasReady: boolean;
}

/** What is told of a process. `ended` is the last, after all messages that the process wrote. */
export interface ProcessEvents {
  ready(pid: number): void;
  message(message: ToHostMessage): void;
  /** All messages of one read have been told. */
  batchEnd(): void;
  /** Foreign bytes on the pipe; the text says what is wrong. The process is being killed. */
  violation(what: string): void;
  ended(end: ProcessEnd): void;
}

/** What a process needs besides its command. */
export interface ProcessOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The module to run before it is ready, as one text; absent: none. */
  readonly initializer?: string | null;
  /** Bytes that it may take of memory, all in all; past them it is ended. Absent: no limit. */
  readonly memoryBytes?: number | null;
  /** Sees to it that it ends with this host; absent: the system does. */
  readonly orphans?: OrphanWatch | null;
}

export class EngineProcess {
  readonly #events: ProcessEvents;
  readonly #options: ProcessOptions;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #key: number;
  readonly #lines: LineTail;
  #outgoing: Uint8Array[] = [];
  /** What pieces were written from, to be used again. */
  readonly #spareRooms: Uint8Array<ArrayBuffer>[] = [];
  #outgoingBytes = 0;
  #writing: Promise<void> | null = null;
  #ready = false;
  #over = false;
  #killedFor: string | null = null;
  #hopeless = false;
  #readyTimer: TimerHandle | null;
  readonly #memory: MemoryWatch | null;

  constructor(command: EngineCommand, options: ProcessOptions, events: ProcessEvents) {
    this.#events = events;
    this.#options = options;
    this.#lines = new LineTail((line) => options.log("info", line));
    this.#child = new Deno.Command(command.program, {
      args: [...command.args],
      env: { ...command.env },
      clearEnv: true,
      // A session of its own: Ctrl-C at the terminal is for the host, which lets tasks finish.
      detached: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    options.orphans?.add(this.#child.pid);
    this.#memory = this.#watchMemory(options);
    this.#writer = this.#child.stdin.getWriter();
    this.#key = this.#sendKey();
    this.#readyTimer = options.clock.setTimer(() => this.kill(this.#lateReason()), this.#readyLimitMs);
    if (typeof options.initializer === "string") this.#sendInitializer(new TextEncoder().encode(options.initializer));
    void this.#watch();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Bytes that wait to be written. */
  get outgoingBytes(): number {
    return this.#outgoingBytes;
  }

  /** Appends a message. All of one turn goes out in one write. */
  send(message: ToEngineMessage): void {
    this.#append(pipeFrame(this.#key, message));
  }

  /** Appends a piece of a long value; `fill` writes its bytes where they belong. */
  sendPiece(value: number, total: number, offset: number, length: number, fill: (room: Uint8Array) => void): void {
    const start = pieceStart(this.#key, [TO_ENGINE.piece, value, total, offset], length);
    // Memory that was written before is there already: fresh memory costs more than copying into it.
    const room = this.#spareRooms.pop() ?? new Uint8Array(ROOM_BYTES);
    const frame = room.subarray(0, start.length + length);
    frame.set(start);
    fill(frame.subarray(start.length));
    this.#append(frame);
  }

  /** Resolves when all that was sent has been written, or the process is gone. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** Ends it at once. `why` becomes its end's reason, unless an earlier one stands. */
  kill(why: string, hopeless = false): void {
    if (this.#over) return;
    this.#killedFor ??= why;
    this.#hopeless ||= hopeless;
    this.signal("SIGKILL");
  }

  signal(signal: Deno.Signal): void {
    try {
      if (!this.#over) this.#child.kill(signal);
    } catch {
      // It ended in this moment: `ended` follows.
    }
  }

  #watchMemory({ memoryBytes = null, clock }: ProcessOptions): MemoryWatch | null {
    const reader = systemMemoryReader();
    if (memoryBytes === null || reader === null) return null;
    return new MemoryWatch(this.#child.pid, memoryBytes, clock, reader, (use) => this.kill(memoryPassedReason(use)));
  }

  #sendKey(): number {
    const head = newPipeKey();
    this.#append(head);
    return new DataView(head.buffer).getUint32(0);
  }

  get #readyLimitMs(): number {
    return typeof this.#options.initializer === "string" ? INITIALIZED_LIMIT_MS : READY_LIMIT_MS;
  }

  #sendInitializer(source: Uint8Array): void {
    if (source.length <= PIECE_BYTES) return this.send([TO_ENGINE.initialize, source]);
    for (let offset = 0; offset < source.length; offset += PIECE_BYTES) {
      const piece = source.subarray(offset, offset + PIECE_BYTES);
      this.send([TO_ENGINE.piece, INITIALIZER_VALUE, source.length, offset, piece]);
    }
    this.send([TO_ENGINE.initialize, INITIALIZER_VALUE]);
  }

  #append(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#outgoing.push(bytes);
    this.#outgoingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#outgoing.length > 0) {
      const bytes = joinBytes(this.#outgoing.splice(0, nextWrite(this.#outgoing)));
      try {
        await this.#writer.write(bytes);
      } catch {
        // The process is gone or on its way: its end says more than the broken pipe.
        this.#outgoing = [];
      }
      if (bytes.buffer.byteLength === ROOM_BYTES && this.#spareRooms.length < SPARE_ROOMS) {
        this.#spareRooms.push(new Uint8Array(bytes.buffer as ArrayBuffer));
      }
      this.#outgoingBytes = this.#outgoing.reduce((sum, part) => sum + part.length, 0);
    }
    this.#writing = null;
  }

  async #watch(): Promise<void> {
    const output = this.#child.stdout.getReader({ mode: "byob" });
    const errors = this.#child.stderr.getReader();
    const read = Promise.all([this.#readMessages(output), this.#readLines(errors)]);
    const status = await this.#child.status;
    this.#memory?.stop();
    this.#options.orphans?.remove(this.#child.pid);
    await this.#bounded(read);
    this.#over = true;
    await Promise.allSettled([output.cancel(), errors.cancel(), this.#writer.abort()]);
    this.#clearReadyTimer();
    const exit = {
      code: status.code,
      signal: status.signal,
      killedFor: this.#killedFor,
      lastLines: this.#lines.last,
      memory: this.#memory?.last ?? null,
    };
    this.#events.ended({ reason: describeExit(exit), hopeless: this.#hopeless, wasReady: this.#ready });
  }

  async #bounded(read: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimer(resolve, DRAIN_LIMIT_MS);
    await Promise.race([read, promise]);
    clock.clearTimer(timer);
  }

  /** One buffer for all reads: a stream that makes one for each costs three times the processor time of a short task. */
  async #readMessages(reader: ReadableStreamBYOBReader): Promise<void> {
    const parser = new PipeParser(this.#key);
    const receive = (message: readonly unknown[]) => this.#receive(message as unknown as ToHostMessage);
    let buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const { value, done } = await reader.read(buffer);
      if (done || this.#over) return;
      buffer = new Uint8Array(value.buffer);
      try {
        parser.feed(value, receive);
      } catch (error) {
        return this.#refuse(error);
      }
      this.#events.batchEnd();
    }
  }

  #receive(message: ToHostMessage): void {
    if (this.#ready) return this.#events.message(message);
    if (message[0] !== TO_HOST.ready) throw new PipeViolation("An engine spoke before it was ready");
    const [, pipeVersion, packageVersion, pid] = message;
    if (pipeVersion !== PIPE_VERSION || packageVersion !== PACKAGE_VERSION) {
      return this.kill(versionReason(String(packageVersion), Number(pipeVersion)), true);
    }
    this.#ready = true;
    this.#clearReadyTimer();
    this.#events.ready(pid);
  }

  /** Only foreign bytes are the process's fault; anything else is ours, and is not hidden. */
  #refuse(error: unknown): void {
    const what = error instanceof PipeViolation
      ? error.message
      : `Cannot handle what the engine said: ${String(error)}`;
    this.kill(what);
    this.#events.violation(what);
  }

  async #readLines(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      this.#lines.add(decoder.decode(value, { stream: true }));
    }
    this.#lines.end();
  }

  #clearReadyTimer(): void {
    if (this.#readyTimer !== null) this.#options.clock.clearTimer(this.#readyTimer);
    this.#readyTimer = null;
  }

  #lateReason(): string {
    const said = this.#lines.last.slice(-3).join(" | ");
    return `its process was not ready within ${this.#readyLimitMs / 1000} s${
      said === "" ? "" : `; it last said: ${said}`
    }`;
  }
}

/** How many frames go out in one write: short ones together, a long one alone, since joining it would copy it. */
function nextWrite(frames: readonly Uint8Array[]): number {
  const long = frames.findIndex(({ length }) => length >= LONG_FRAME_BYTES);
  if (long < 0) return frames.length;
  return Math.max(1, long);
}

function versionReason(packageVersion: string, pipeVersion: number): string {
  return `the engine is of version ${packageVersion} (pipe ${pipeVersion}), its host of ${PACKAGE_VERSION} ` +
    `(pipe ${PIPE_VERSION}): run both from the same source, and clear a stale cache with "deno run --reload"`;
}
