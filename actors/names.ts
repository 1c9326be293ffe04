/**
 * Unique names in a system: claimed by asking first, looked up by asking the one who has it.
 *
 * There is no registry to lose: the owner of a name answers on the name's subject, and where nobody listens nobody has
 * it. Claims are announced again with every reconnect, and now and then, so that two claimants find each other after a
 * partition. Used by `remote.ts`.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import { nameSubject } from "../protocol/subjects.ts";
import type { Clock, TimerHandle } from "../wire/clock.ts";
import { ConnectionError, NameTaken, NoRespondersError, TimeoutError } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import type { NodeAddress } from "./link_port.ts";
import { NameClaim } from "./name_claim.ts";
import { encodeNameMessage, type NameMessage, parseNameMessage } from "./name_message.ts";

export interface NamesOptions {
  readonly bus: Bus;
  readonly cluster: string;
  readonly address: NodeAddress;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Above 0: the right to the names of this node, higher than that of whoever had it before. It takes them from a node
   * of a lower one, and from one that does not answer, as a stopped process does not.
   */
  readonly rank: number;
  /** This node has the name no longer. */
  readonly onReleased: (name: string) => void;
}

/** A partition between NATS servers is seen by no client: so often claims are announced without cause. */
const ANNOUNCE_EVERY_MS = 30_000;
const LOOKUP_TIMEOUT_MS = 5_000;
/** Asked again and again: who does not answer may be a stopped process whose successor has come up meanwhile. */
const LOOKUP_ATTEMPTS_MS = [500, 1_000, 3_500];
/** Whoever has a right to the name waits no longer for the word of one that has it. */
const OWNER_TIMEOUT_MS = 400;

export class Names {
  readonly #options: NamesOptions;
  readonly #claims = new Map<string, NameClaim>();
  readonly #offStatus: () => void;
  readonly #ended = new AbortController();
  #timer: TimerHandle | undefined;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#offStatus = options.bus.onStatus((status) => {
      if (status === "connected") this.#announceAll();
    });
  }

  /** Whether this node has the name. */
  owns(name: string): boolean {
    return this.#claims.has(name);
  }

  /** Takes the name for this node. Rejects with `NameTaken`. */
  async claim(name: string): Promise<NameClaim> {
    const { bus, address, incarnation, clock, rank } = this.#options;
    const owner = rank > 0 ? await this.#ownerAbove(name) : await this.lookup(name);
    if (owner !== null) throw taken(name, owner);
    const subject = this.#subject(name);
    const onReleased = () => {
      this.#claims.delete(name);
      this.#options.onReleased(name);
    };
    const claim = new NameClaim({ bus, subject, name, address, incarnation, clock, rank, onReleased });
    this.#claims.set(name, claim);
    this.#planAnnouncement();
    try {
      claim.announce();
      await bus.flush();
    } catch (error) {
      claim.release();
      throw error;
    }
    if (claim.lost !== null) throw claim.lost;
    return claim;
  }

  /** Where the owner of the name is; `null`: nobody has it. Waits for the bus, and for the answer at most 5 s. */
  async lookup(name: string): Promise<NodeAddress | null> {
    await this.#connected();
    for (const [index, timeoutMs] of LOOKUP_ATTEMPTS_MS.entries()) {
      try {
        return (await this.#ask(name, timeoutMs))?.address as NodeAddress | undefined ?? null;
      } catch (error) {
        if (!(error instanceof TimeoutError) || index === LOOKUP_ATTEMPTS_MS.length - 1) throw error;
      }
    }
    return null;
  }

  /** The owner, unless this node takes the name from it by right. */
  async #ownerAbove(name: string): Promise<NodeAddress | null> {
    await this.#connected();
    try {
      const owner = await this.#ask(name, OWNER_TIMEOUT_MS);
      if (owner === null) return null;
      const { rank = 0 } = owner;
      return rank > 0 && rank < this.#options.rank ? null : owner.address as NodeAddress;
    } catch (error) {
      if (error instanceof TimeoutError) return null;
      throw error;
    }
  }

  /** What its owner says; `null`: nobody listens. */
  async #ask(name: string, timeoutMs: number): Promise<Extract<NameMessage, { kind: "at" }> | null> {
    const request = encodeNameMessage({ kind: "who" });
    try {
      const reply = await this.#options.bus.request(this.#subject(name), request, {
        timeout: timeoutMs,
        signal: this.#ended.signal,
      });
      const said = parseNameMessage(reply.data);
      if (said?.kind === "at") return said;
      throw new ConnectionError(`Cannot look up actor "${name}": what answered on ${reply.subject} is no actor system`);
    } catch (error) {
      if (error instanceof NoRespondersError) return null;
      throw error;
    }
  }

  /** Ends all claims and lookups. */
  close(): void {
    this.#offStatus();
    this.#ended.abort(new ConnectionError("Cannot look up an actor: this node was closed"));
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    for (const claim of [...this.#claims.values()]) claim.release();
  }

  #subject(name: string): string {
    return nameSubject(this.#options.cluster, name);
  }

  #announceAll(): void {
    for (const claim of this.#claims.values()) claim.announce();
  }

  #planAnnouncement(): void {
    if (this.#timer !== undefined || this.#ended.signal.aborted) return;
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#claims.size === 0) return;
      this.#announceAll();
      this.#planAnnouncement();
    }, ANNOUNCE_EVERY_MS);
  }

  #connected(): Promise<void> {
    const { bus, clock } = this.#options;
    if (bus.status === "connected" && !this.#ended.signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (error: unknown) => {
        clock.clearTimer(timer);
        off();
        this.#ended.signal.removeEventListener("abort", onEnd);
        if (error === null) resolve();
        else reject(error);
      };
      const onEnd = () => settle(this.#ended.signal.reason);
      const late = () => settle(new ConnectionError("Cannot look up an actor: the connection to NATS is down"));
      const timer = clock.setTimer(late, LOOKUP_TIMEOUT_MS);
      const off = bus.onStatus((status) =>
        status !== "disconnected" && settle(status === "connected" ? null : closed())
      );
      this.#ended.signal.addEventListener("abort", onEnd);
      if (this.#ended.signal.aborted) onEnd();
      else if (bus.status === "closed") settle(closed());
    });
  }
}

function closed(): ConnectionError {
  return new ConnectionError("Cannot look up an actor: the connection is closed; connect again");
}

function taken(name: string, owner: NodeAddress): NameTaken {
  return new NameTaken(
    `Cannot start actor "${name}": ${owner} has one of this name; use system.ref("${name}"), or choose another name`,
  );
}
