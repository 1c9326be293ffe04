/**
 * Who leads: one controller at a time, by a value that is renewed again and again, and changed by compare-and-set.
 *
 * Nobody's wall clock counts. A leader is `valid` for a part of the lease from the moment at which its last confirmed
 * renewal began; a standby takes over when it has itself seen no renewal for the whole lease. So the one ends before the
 * other can begin, unless clocks run at rates a fifth apart.
 * @module
 */
import { StoreError } from "../../wire/errors.ts";
import { type Clock, systemClock, type TimerHandle } from "../../wire/clock.ts";
import type { CellValue, LeaseCell } from "./lease_cell.ts";

/** Unless told otherwise: a standby leads within two and a half seconds of a leader's death. */
export const LEASE_MS = 2_000;
const VALID_PART = 0.8;
const RENEWALS = 3;
const RETRIES = 10;

/** Options of `Lease.wait`. */
export interface LeaseOptions {
  /** Who this is, for people: a host's name, a pid. */
  readonly name: string;
  /**
   * Tells contenders apart, whatever their names. A lease that is held under the same is taken over at once: only for who
   * knows that the one before has ended. Default: a random one.
   */
  readonly holder?: string;
  /** The epoch is at least this, and higher than any before. */
  readonly epoch?: number;
  /** ms; all contenders must use the same. Default 2,000. */
  readonly leaseMs?: number;
  /** Default: that of the machine. */
  readonly clock?: Clock;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Told once when another leads, and this one stands by. */
  readonly standingBy?: (leader: string) => void;
}

/** What the value says. */
interface Claim {
  readonly epoch: number;
  /** Tells two contenders of one name apart. */
  readonly holder: string;
  readonly name: string;
  readonly isReleased: boolean;
}

/** A claim that was written, and when its writing began. */
interface Won {
  readonly claim: Claim;
  readonly revision: number;
  readonly startedAt: number;
  readonly startedWall: number;
}

/** Leadership, as long as it lasts. Disposing of it gives it back, so that a standby leads at once. */
export class Lease implements AsyncDisposable {
  readonly epoch: number;
  readonly #cell: LeaseCell;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #claim: Claim;
  readonly #lost = Promise.withResolvers<Error>();
  #revision: number;
  /** When the last confirmed renewal began. */
  #confirmedAt: number;
  /** The same by the wall clock. */
  #confirmedWall: number;
  #isOver = false;
  #timer: TimerHandle | null = null;
  #renewing: Promise<void> | null = null;
  #confirmed = Promise.withResolvers<void>();

  private constructor(contender: Contender, { claim, revision, startedAt, startedWall }: Won) {
    this.#cell = contender.cell;
    this.#clock = contender.clock;
    this.#leaseMs = contender.leaseMs;
    this.#claim = claim;
    this.epoch = claim.epoch;
    this.#revision = revision;
    this.#confirmedAt = startedAt;
    this.#confirmedWall = startedWall;
    this.#renewIn(this.#leaseMs / RENEWALS);
  }

  /**
   * Waits until nobody else leads, and leads. A server that is away is waited for. Rejects with the reason of `signal`,
   * and with `StoreError` when the connection has ended or the bucket may not be used.
   */
  static async wait(cell: LeaseCell, options: LeaseOptions): Promise<Lease> {
    const contender = new Contender(cell, options);
    return new Lease(contender, await contender.win());
  }

  /**
   * May this process act as the leader, at this moment? To be asked before anything is said to anybody. `false` says only
   * that it is not known: it may become `true` again, see `untilValid`.
   */
  get valid(): boolean {
    const limitMs = VALID_PART * this.#leaseMs;
    // The monotonic clock of some systems stands still while the machine sleeps. The wall clock may jump, but then it only
    // costs the time until the next renewal.
    return !this.#isOver && this.#clock.now() - this.#confirmedAt < limitMs &&
      this.#clock.wallTime() - this.#confirmedWall < limitMs;
  }

  /** Resolves with the reason when another leads, or when it was given back. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Resolves when it is valid: at once, or after the next renewal. Rejects with the reason if it is lost. */
  async untilValid(): Promise<void> {
    const lost = this.#lost.promise.then((reason) => {
      throw reason;
    });
    lost.catch(() => {});
    while (!this.valid) await Promise.race([this.#confirmed.promise, lost]);
  }

  /** Gives it back. From this call on it is not valid. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isHeld = !this.#isOver;
    this.#end(new StoreError("Leads no more: the lease was given back."));
    await this.#renewing;
    if (!isHeld) return;
    // If it can't be told, a standby waits for the end of the lease.
    await this.#cell.write(textOf({ ...this.#claim, isReleased: true }), this.#revision).catch(() => null);
  }

  #renewIn(ms: number): void {
    if (this.#isOver) return;
    this.#timer = this.#clock.setTimer(() => this.#renewing = this.#renew(), ms);
  }

  async #renew(): Promise<void> {
    const [startedAt, startedWall] = [this.#clock.now(), this.#clock.wallTime()];
    try {
      const revision = await this.#cell.write(textOf(this.#claim), this.#revision);
      if (revision === null) await this.#lookWhoLeads();
      else {
        this.#revision = revision;
        this.#confirmedAt = startedAt;
        this.#confirmedWall = startedWall;
        this.#confirmed.resolve();
        this.#confirmed = Promise.withResolvers();
        return this.#renewIn(this.#leaseMs / RENEWALS - (this.#clock.now() - startedAt));
      }
    } catch (error) {
      if (error instanceof StoreError) return this.#end(error);
      // No answer: it may be renewed or not, and soon there will be another attempt.
    }
    this.#renewIn(this.#leaseMs / RETRIES);
  }

  /** The value was changed: by another, or by an own renewal whose answer was lost. */
  async #lookWhoLeads(): Promise<void> {
    const value = await this.#cell.read();
    // An old value says nothing.
    if (value === null || value.revision <= this.#revision) return;
    const claim = claimOf(value);
    if (claim?.holder === this.#claim.holder) this.#revision = value.revision;
    else {
      this.#end(
        new StoreError(
          `Leads no more: "${claim?.name ?? "?"}" leads since epoch ${claim?.epoch ?? "?"}; end this one.`,
        ),
      );
    }
  }

  #end(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#lost.resolve(reason);
  }
}

/** One that wants to lead. */
class Contender {
  readonly cell: LeaseCell;
  readonly clock: Clock;
  readonly leaseMs: number;
  readonly #options: LeaseOptions;
  readonly #holder: string;
  #newest: CellValue | null = null;
  /** When the newest value was first seen here. */
  #seenAt: number;
  #wake: () => void = () => {};
  #isTold = false;

  constructor(cell: LeaseCell, options: LeaseOptions) {
    this.cell = cell;
    this.#options = options;
    this.#holder = options.holder ?? crypto.randomUUID();
    this.clock = options.clock ?? systemClock;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.#seenAt = this.clock.now();
  }

  async win(): Promise<Won> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const wake = () => this.#wake();
    signal?.addEventListener("abort", wake);
    using _watch = this.cell.watch((value) => this.#see(value));
    try {
      for (;;) {
        const won = await this.#tryToWin();
        if (won !== null) return won;
        signal?.throwIfAborted();
        await this.#pause();
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", wake);
    }
  }

  async #tryToWin(): Promise<Won | null> {
    try {
      const value = await this.cell.read();
      if (value !== null) this.#see(value);
      if (!this.#isFree()) return null;
      const before = this.#newest === null ? null : claimOf(this.#newest);
      const epoch = Math.max((before?.epoch ?? 0) + 1, this.#options.epoch ?? 1);
      const claim = { epoch, holder: this.#holder, name: this.#options.name, isReleased: false };
      const [startedAt, startedWall] = [this.clock.now(), this.clock.wallTime()];
      const revision = await this.cell.write(textOf(claim), this.#newest?.revision ?? 0);
      return revision === null ? null : { claim, revision, startedAt, startedWall };
    } catch (error) {
      if (error instanceof StoreError) throw error;
      // The server is away, or has no leader for the bucket. If the claim arrived all the same, the next look shows it.
      return null;
    }
  }

  /** Nobody holds it, or who does has not renewed it for so long; or it is an own claim: its answer was lost, or who made it has ended. */
  #isFree(): boolean {
    const claim = this.#newest === null ? null : claimOf(this.#newest);
    if (claim === null || claim.isReleased || claim.holder === this.#holder) return true;
    if (this.clock.now() - this.#seenAt >= this.leaseMs) return true;
    if (!this.#isTold) this.#options.standingBy?.(claim.name);
    this.#isTold = true;
    return false;
  }

  #see(value: CellValue): void {
    if (this.#newest !== null && value.revision <= this.#newest.revision) return;
    this.#newest = value;
    this.#seenAt = this.clock.now();
    if (claimOf(value)?.isReleased === true) this.#wake();
  }

  /** Until the lease that is seen would end, or it is released; a tenth of it where an attempt has failed. */
  #pause(): Promise<void> {
    const isReleased = this.#newest !== null && claimOf(this.#newest)?.isReleased === true;
    const left = isReleased ? 0 : this.#seenAt + this.leaseMs - this.clock.now();
    const ms = Math.max(left, this.leaseMs / RETRIES);
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(resolve, ms);
      this.#wake = () => {
        this.clock.clearTimer(timer);
        resolve();
      };
      if (this.#options.signal?.aborted) this.#wake();
    });
  }
}

function textOf({ epoch, holder, name, isReleased }: Claim): string {
  return JSON.stringify([epoch, holder, name, isReleased]);
}

/** `null`: nobody's; what can't be read was written by nobody who leads. */
function claimOf({ text }: CellValue): Claim | null {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts)) return null;
    const [epoch, holder, name, isReleased] = parts;
    return { epoch: Number(epoch), holder: String(holder), name: String(name), isReleased: isReleased === true };
  } catch {
    return null;
  }
}
