/**
 * The way to an actor that is known by its unique name: looked up at the first message, then direct.
 *
 * Until the owner is known messages wait here, in order. There is one such route a name and node, so the order holds
 * over all references. `forget` makes the next message look the name up again, with some patience. Made by `remote.ts`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { ConnectionError, MailboxFull } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { noSuchActor } from "./local_route.ts";
import type { PendingCall } from "./pending_call.ts";
import type { ActorAddress, Route, RouteEvent } from "./ref.ts";
import { Ring } from "./ring.ts";

export interface NameRouteOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The route where this node itself has the name. */
  readonly localRoute: () => Route | null;
  /** The route to whoever has it, or `null`. Rejects where nobody can be asked. */
  readonly lookUp: () => Promise<Route | null>;
}

interface Waiting {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly pending: PendingCall | null;
}

/** A name that was found before may be on its way: a supervisor starts its actor again, here or elsewhere. */
const PATIENCE_MS = 1_000;
const ASK_AGAIN_MS = 50;

/** Messages that may wait for a lookup. */
export const NAME_QUEUE_BOUND = 10_000;

export class NameRoute implements Route {
  readonly address: ActorAddress;
  readonly clock: Clock;
  readonly #options: NameRouteOptions;
  readonly #waiting = new Ring<Waiting>();
  #route: Route | null = null;
  #wasFound = false;
  #resolving: Promise<Route | null> | null = null;
  #flushing: Promise<void> | null = null;

  constructor(options: NameRouteOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.address = { node: null, actor: options.name };
  }

  post(method: string, args: readonly unknown[], pending: PendingCall | null): void {
    const route = this.#flushing === null ? this.#known() : null;
    if (route !== null) return route.post(method, args, pending);
    if (this.#waiting.length >= NAME_QUEUE_BOUND) throw this.#full(method);
    this.#waiting.push({ method, args, pending });
    this.#flushing ??= this.#flush().finally(() => this.#flushing = null);
  }

  async drained(): Promise<void> {
    await this.#flushing;
    await this.#known()?.drained();
  }

  watch(listener: (event: RouteEvent) => void): () => void {
    let unwatch: (() => void) | null = null;
    let wanted = true;
    this.#resolve().then((route) => {
      if (!wanted) return;
      if (route !== null) unwatch = route.watch(listener);
      else listener({ kind: "ended", reason: "unknown-actor" });
    }, () => wanted && listener({ kind: "ended", reason: "node-down" }));
    return () => {
      wanted = false;
      unwatch?.();
    };
  }

  /** The actor is not where it was. */
  forget(): void {
    this.#route = null;
  }

  #known(): Route | null {
    if (this.#route === null) {
      this.#route = this.#options.localRoute();
      this.#wasFound ||= this.#route !== null;
    }
    return this.#route;
  }

  /** One lookup at a time. */
  #resolve(): Promise<Route | null> {
    const known = this.#known();
    if (known !== null) return Promise.resolve(known);
    this.#resolving ??= this.#find()
      .then((route) => this.#route = route)
      .finally(() => this.#resolving = null);
    return this.#resolving;
  }

  async #find(): Promise<Route | null> {
    let route = this.#options.localRoute() ?? await this.#options.lookUp();
    const untilMs = this.clock.now() + (this.#wasFound ? PATIENCE_MS : 0);
    while (route === null && this.clock.now() < untilMs) {
      await new Promise<void>((resolve) => this.clock.setTimer(resolve, ASK_AGAIN_MS));
      route = this.#options.localRoute() ?? await this.#options.lookUp();
    }
    this.#wasFound = route !== null;
    return route;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        const route = await this.#resolve();
        if (route === null) this.#dropAll((message) => noSuchActor(this.address, message.method));
        else await this.#sendAll(route);
      } catch (error) {
        this.#dropAll(() => error);
      }
    }
  }

  async #sendAll(route: Route): Promise<void> {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      while (!this.#sent(route, message)) await route.drained();
    }
  }

  /** Whether the message is done with: sent, timed out before, or impossible to send. */
  #sent(route: Route, { method, args, pending }: Waiting): boolean {
    if (pending?.settled) return true;
    try {
      route.post(method, args, pending);
    } catch (error) {
      if (error instanceof MailboxFull) return false;
      this.#drop(method, pending, error);
    }
    return true;
  }

  #dropAll(why: (message: Waiting) => unknown): void {
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      this.#drop(message.method, message.pending, why(message));
    }
  }

  #drop(method: string, pending: PendingCall | null, error: unknown): void {
    if (pending !== null) pending.reject(error);
    else {
      const actor = this.#options.name;
      this.#options.log("warn", `Dropping "${method}" for actor "${actor}"`, { actor, method, error });
    }
  }

  #full(method: string): MailboxFull {
    return new MailboxFull(
      `Cannot send "${method}" to actor "${this.#options.name}": ${NAME_QUEUE_BOUND} messages wait until it is found; ` +
        "await ref.drained() first",
    );
  }
}

/** The lookup of a name in a system without names. */
export function cannotAsk(name: string): ConnectionError {
  return new ConnectionError(`Cannot look up actor "${name}": this system has no bus to ask on; use refAt(node, name)`);
}
