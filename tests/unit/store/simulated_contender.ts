/**
 * A process that wants a lease, in simulated time: it can be stopped, cut off, killed, and its clock runs at its own rate.
 *
 * Its cell is one server's, with answers that take their time and get lost. For `lease_test.ts`.
 * @module
 */
import { Lease } from "../../../store/jetstream/lease.ts";
import type { CellValue, LeaseCell } from "../../../store/jetstream/lease_cell.ts";
import type { FakeClock } from "../../../testing/fake_clock.ts";
import type { Clock, TimerHandle } from "../../../wire/clock.ts";

/** An answer that has not come by then will not come. */
const TIMEOUT_MS = 700;

/** The value, as the server has it. */
export class SimulatedServer {
  readonly clock: FakeClock;
  /** Between 0 and 1. */
  readonly random: () => number;
  value: CellValue | null = null;
  /** Which part of all messages takes half a second. */
  slowPart = 0;
  readonly watchers: Set<(value: CellValue) => void> = new Set();

  constructor(clock: FakeClock, random: () => number) {
    this.clock = clock;
    this.random = random;
  }

  write(text: string, expected: number): number | null {
    const revision = this.value?.revision ?? 0;
    if (revision !== expected) return null;
    const value = { revision: revision + 1, text };
    this.value = value;
    for (const watcher of this.watchers) watcher(value);
    return value.revision;
  }
}

/** One contender, in one life after the other. */
export class SimulatedContender {
  readonly server: SimulatedServer;
  readonly rate: number;
  readonly #name: string;
  readonly #won: (epoch: number) => void;
  #process: SimulatedProcess | null = null;
  #isLeaving = false;
  isStopped = false;
  isCut = false;
  lease: Lease | null = null;

  /** `won`: told of each epoch. */
  constructor(server: SimulatedServer, name: string, rate: number, won: (epoch: number) => void) {
    this.server = server;
    this.#name = name;
    this.rate = rate;
    this.#won = won;
    this.start();
  }

  /** The clock and the cell of its present life. */
  get process(): SimulatedProcess {
    return this.#process ??= new SimulatedProcess(this);
  }

  /** A new life, which waits for the lease. */
  start(): void {
    this.kill();
    const { process } = this;
    void Lease.wait(process, { name: this.#name, clock: process }).then((lease) => {
      if (process.isDead) return;
      this.lease = lease;
      this.#won(lease.epoch);
      void lease.lost.then(() => {
        if (!process.isDead && !this.#isLeaving) this.start();
      });
    });
  }

  /** Gives the lease back, and then wants it again. */
  async release(): Promise<void> {
    const { process, lease } = this;
    this.#isLeaving = true;
    await lease?.[Symbol.asyncDispose]();
    if (!process.isDead) this.start();
  }

  kill(): void {
    this.#isLeaving = false;
    this.#process?.die();
    this.#process = null;
    this.lease = null;
  }

  resume(): void {
    this.isStopped = false;
    this.#process?.goOn();
  }
}

/** One life of a contender. */
class SimulatedProcess implements Clock, LeaseCell {
  readonly #contender: SimulatedContender;
  readonly #server: SimulatedServer;
  #held: (() => void)[] = [];
  isDead = false;

  constructor(contender: SimulatedContender) {
    this.#contender = contender;
    this.#server = contender.server;
  }

  die(): void {
    this.isDead = true;
  }

  goOn(): void {
    for (const work of this.#held.splice(0)) work();
  }

  now(): number {
    return this.#server.clock.now() * this.#contender.rate;
  }

  wallTime(): number {
    return this.#server.clock.wallTime();
  }

  setTimer(fire: () => void, delayMs: number): TimerHandle {
    return this.#server.clock.setTimer(() => this.#run(fire), delayMs / this.#contender.rate);
  }

  clearTimer(handle: TimerHandle): void {
    this.#server.clock.clearTimer(handle);
  }

  read(): Promise<CellValue | null> {
    // As a replica may, it tells of the past now and then.
    const old = this.#server.value;
    return this.#ask(() => this.#server.random() < 0.2 ? old : this.#server.value);
  }

  write(text: string, expected: number): Promise<number | null> {
    return this.#ask(() => this.#server.write(text, expected));
  }

  watch(changed: (value: CellValue) => void): Disposable {
    const watcher = (value: CellValue) => this.#later(() => this.#run(() => changed(value)));
    this.#server.watchers.add(watcher);
    return { [Symbol.dispose]: () => this.#server.watchers.delete(watcher) };
  }

  #ask<T>(answer: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDead) return;
      this.#server.clock.setTimer(() => this.#run(() => reject(new Error("no answer"))), TIMEOUT_MS);
      this.#later(() => {
        const answered = answer();
        this.#later(() => this.#run(() => resolve(answered)));
      });
    });
  }

  /** Over the network: lost where the process is cut off by then. */
  #later(work: () => void): void {
    const ms = this.#server.random() < this.#server.slowPart ? 500 : this.#server.random() * 20;
    if (this.#contender.isCut) return;
    this.#server.clock.setTimer(() => {
      if (!this.#contender.isCut) work();
    }, ms);
  }

  /** When the process runs, and not after its death. */
  #run(work: () => void): void {
    if (this.isDead) return;
    if (this.#contender.isStopped) this.#held.push(() => this.#run(work));
    else work();
  }
}
