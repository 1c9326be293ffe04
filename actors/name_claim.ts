/**
 * One unique name held by this node: answers who asks for it, and settles who keeps it when two hold it.
 *
 * Every claim has a token that only those hear who may listen on the name's subject; what would end a claim must show
 * it. So nobody who may merely publish there can take a name away. Of two, the claim with the lower incarnation decides,
 * so exactly one does: the higher rank stays where both have one, else the older. Made by `names.ts`.
 * @module
 */
import type { Bus, BusMessage, BusSubscription } from "../bus/bus.ts";
import type { Clock } from "../wire/clock.ts";
import { NameTaken } from "../wire/errors.ts";
import type { NodeAddress } from "./link_port.ts";
import { encodeNameMessage, type NameMessage, parseNameMessage } from "./name_message.ts";

export interface ClaimOptions {
  readonly bus: Bus;
  readonly subject: string;
  readonly name: string;
  readonly address: NodeAddress;
  readonly incarnation: string;
  readonly clock: Clock;
  /** 0: none. */
  readonly rank: number;
  /** The name was given back or lost. */
  readonly onReleased: () => void;
}

export class NameClaim {
  readonly #options: ClaimOptions;
  readonly #claimedAt: number;
  readonly #token = crypto.randomUUID();
  readonly #subscription: BusSubscription;
  #lost: NameTaken | null = null;
  #onLost: (error: NameTaken) => void = () => {};
  #released = false;

  constructor(options: ClaimOptions) {
    this.#options = options;
    this.#claimedAt = options.clock.now();
    this.#subscription = options.bus.subscribe(options.subject, (message) => this.#receive(message));
  }

  /** Why the name is gone, where it was lost. */
  get lost(): NameTaken | null {
    return this.#lost;
  }

  /** Calls back when another claim stays instead of this one: at once if that was so already. */
  whenLost(listener: (error: NameTaken) => void): void {
    if (this.#lost !== null) listener(this.#lost);
    else this.#onLost = listener;
  }

  /** Tells other claimants of this one, if there are any. */
  announce(): void {
    this.#publish(this.#claim(null));
  }

  /** Gives the name back. Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#subscription.unsubscribe();
    this.#options.onReleased();
  }

  #receive(message: BusMessage): void {
    const said = parseNameMessage(message.data);
    if (said === null) return;
    if (said.kind === "who") this.#answer(message.reply);
    else if (said.incarnation !== this.#options.incarnation) this.#contest(said);
  }

  #answer(reply: string | undefined): void {
    if (reply === undefined) return;
    const { address, incarnation, rank } = this.#options;
    this.#publish({ kind: "at", address, incarnation, ageMs: this.#ageMs, rank }, reply);
  }

  #contest(said: NameMessage): void {
    if (said.kind === "yield" && said.echo === this.#token) return this.#lose(said.address, 0);
    if (said.kind !== "claim") return;
    const { address, incarnation } = this.#options;
    const decidesHere = incarnation < said.incarnation;
    if (!decidesHere || said.echo !== this.#token) return this.#publish(this.#claim(said.token));
    if (this.#yieldsTo(said)) return this.#lose(said.address, said.rank);
    this.#publish({ kind: "yield", address, incarnation, echo: said.token });
  }

  #yieldsTo({ rank = 0, ageMs }: Extract<NameMessage, { kind: "claim" }>): boolean {
    const own = this.#options.rank;
    return own > 0 && rank > 0 && own !== rank ? rank > own : ageMs > this.#ageMs;
  }

  #lose(winner: string, rank = 0): void {
    if (this.#released) return;
    const { name, address } = this.#options;
    const why = rank > 0 ? "has a better right to this name" : "has held this name for longer";
    this.#lost = new NameTaken(
      `Ending actor "${name}" on ${address}: ${winner} ${why}; send to that one`,
    );
    this.release();
    this.#onLost(this.#lost);
  }

  #claim(echo: string | null): NameMessage {
    const { address, incarnation, rank } = this.#options;
    return { kind: "claim", address, incarnation, ageMs: this.#ageMs, token: this.#token, echo, rank };
  }

  get #ageMs(): number {
    return this.#options.clock.now() - this.#claimedAt;
  }

  /** While the bus is away nobody hears it; the reconnect announces again. */
  #publish(message: NameMessage, subject: string = this.#options.subject): void {
    if (this.#options.bus.status === "connected") this.#options.bus.publish(subject, encodeNameMessage(message));
  }
}
