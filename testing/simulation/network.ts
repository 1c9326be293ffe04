/**
 * An unreliable bus, and the links that nodes keep over it: frames come late, twice, or not at all and are sent again;
 * above that a link delivers in order and once, or both sides learn, at different times, that it is down.
 *
 * Promises what the links of `actors/` promise and no more. A link belongs to one life of the node at either end.
 * @module
 */
import type { Clock } from "../../wire/clock.ts";
import { Chance } from "./chance.ts";
import { HEARTBEAT_MS, type NetworkPlan } from "./plan.ts";

/** `near`: a host or a client; `far`: the controller. */
export type Side = "near" | "far";

/** Longest time until a side that hears nothing calls a link down. */
const DETECT_MS = 3 * HEARTBEAT_MS;
/** A frame that was lost is sent again after at most this time. */
const RESEND_MS = 300;
/** What is on its way when a link breaks is mostly lost. */
const LOST_WITH_LINK = 0.6;

/** The bus that all links share. */
export class Network {
  readonly clock: Clock;
  readonly seed: number;
  readonly #plan: NetworkPlan;
  #links = 0;
  #backAtMs = 0;
  #calm = false;

  constructor(clock: Clock, seed: number, plan: NetworkPlan) {
    this.clock = clock;
    this.seed = seed;
    this.#plan = plan;
  }

  /** Between a node's life and the controller's life. */
  connect(node: string): Link {
    return new Link(this, `${node}#${this.#links++}`);
  }

  /** Nothing arrives for so long; no link goes down for it, since nobody is connected who could judge. */
  goAway(forMs: number): void {
    this.#backAtMs = Math.max(this.#backAtMs, this.clock.now() + forMs);
  }

  /** From now on frames are quick, and come once. */
  calm(): void {
    this.#calm = true;
    this.#backAtMs = 0;
  }

  /** When the copies of a frame that is sent now arrive. */
  arrivals(chance: Chance): readonly number[] {
    const { minMs, maxMs, lost, doubled } = this.#plan;
    const now = Math.max(this.clock.now(), this.#backAtMs);
    if (this.#calm) return [now + minMs];
    const travels = () => minMs + chance.next() * (maxMs - minMs);
    const first = now + travels() + (chance.happens(lost) ? chance.next() * RESEND_MS : 0);
    return chance.happens(doubled) ? [first, now + travels()] : [first];
  }
}

class End {
  open = true;
  sent = 0;
  expected = 0;
  /** Arrived before their turn. */
  readonly early: Map<number, () => void> = new Map();
  onDown: () => void = () => {};
}

/** One link. */
export class Link {
  readonly #network: Network;
  readonly #chance: Chance;
  readonly #ends: Readonly<Record<Side, End>> = { near: new End(), far: new End() };
  #broken = false;
  #stalledUntilMs = 0;

  constructor(network: Network, name: string) {
    this.#network = network;
    this.#chance = new Chance(network.seed, name);
  }

  /** Says what a side does when it learns that the link is down. */
  onDown(side: Side, act: () => void): void {
    this.#ends[side].onDown = act;
  }

  isOpen(side: Side): boolean {
    return this.#ends[side].open;
  }

  /** Sends to the other side, in order. What is sent on a link that is down is lost. */
  send(from: Side, deliver: () => void): void {
    const end = this.#ends[from];
    if (!end.open || this.#broken) return;
    const number = end.sent++;
    for (const arrival of this.#network.arrivals(this.#chance)) {
      this.#at(Math.max(arrival, this.#stalledUntilMs), () => this.#arrive(other(from), number, deliver));
    }
  }

  /** Nothing gets through any more: each side learns of it in its own time. */
  break(): void {
    if (this.#broken) return;
    this.#broken = true;
    for (const side of ["near", "far"] as const) this.#detect(side);
  }

  /** The node at this side is dead: it is told nothing any more, the other side learns of it. */
  die(side: Side): void {
    this.#ends[side].open = false;
    this.#broken = true;
    this.#detect(other(side));
  }

  /** A side gives the link up now, and the other one soon. */
  giveUp(side: Side): void {
    this.break();
    this.#down(side);
  }

  /** Nothing arrives for a while, too short to give the link up. */
  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#network.clock.now() + forMs);
  }

  #detect(side: Side): void {
    this.#at(this.#network.clock.now() + this.#chance.next() * DETECT_MS, () => this.#down(side));
  }

  #down(side: Side): void {
    const end = this.#ends[side];
    if (!end.open) return;
    end.open = false;
    end.onDown();
  }

  #arrive(side: Side, number: number, deliver: () => void): void {
    const end = this.#ends[side];
    if (!end.open || number < end.expected || end.early.has(number)) return;
    if (this.#broken && this.#chance.happens(LOST_WITH_LINK)) return;
    end.early.set(number, deliver);
    for (let next = end.early.get(end.expected); next !== undefined && end.open; next = end.early.get(end.expected)) {
      end.early.delete(end.expected++);
      next();
    }
  }

  #at(atMs: number, act: () => void): void {
    const { clock } = this.#network;
    clock.setTimer(act, atMs - clock.now());
  }
}

function other(side: Side): Side {
  return side === "near" ? "far" : "near";
}
