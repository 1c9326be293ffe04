/**
 * How one refers to an actor: typed casts and calls derived from its public methods, wherever it lives.
 *
 * A `Ref` knows nothing of links or mailboxes: it turns property access into method names and hands them to its
 * `Route`. Made by `ActorSystem` alone.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { NodeAddress } from "./link_port.ts";
import { PendingCall } from "./pending_call.ts";

/** Where an actor is: `node` is `null` where it is found by its unique name. */
export interface ActorAddress {
  /** The node, or `null`. */
  readonly node: NodeAddress | null;
  /** Its name there. */
  readonly actor: string;
}

/** Why an actor ended. `unknown-actor`: nobody there has this name. `node-down`: its node is gone for good. */
export type EndReason = "stopped" | "killed" | "node-down" | "unknown-actor" | `failed: ${string}`;

/** What may be told of an actor that is watched. `ended` is the last event of a watch. */
export type RouteEvent =
  | { readonly kind: "ended"; readonly reason: EndReason }
  | { readonly kind: "unreachable" }
  | { readonly kind: "reachable" };

/** Given as the last argument of a call. */
export interface CallOptions {
  /** How long to wait for the reply, ms; default 5,000; `Infinity`: no limit. The method runs on when it passes. */
  readonly timeout?: number;
  /** Ends the waiting, with the signal's reason. The method runs on. */
  readonly signal?: AbortSignal;
}

/** Any method at all. */
// deno-lint-ignore no-explicit-any -- the only type that every function is assignable to
export type AnyMethod = (...args: any[]) => unknown;

/** The names of the public methods of a class or interface. Names that start with `_` are private by convention. */
export type MethodName<A> = {
  [K in keyof A]: K extends string ? K extends `_${string}` ? never : A[K] extends AnyMethod ? K : never : never;
}[keyof A];

/** One function for each public method that sends the arguments and does not wait. */
export type Casts<A> = {
  readonly [K in MethodName<A>]: A[K] extends AnyMethod ? (...args: Parameters<A[K]>) => void : never;
};

/** One function for each public method that sends the arguments and promises the reply. */
export type Calls<A> = {
  readonly [K in MethodName<A>]: A[K] extends AnyMethod
    ? (...args: [...args: Parameters<A[K]>, options?: CallOptions]) => Promise<Awaited<ReturnType<A[K]>>>
    : never;
};

/** The way from a reference to its actor: the local mailbox, a link, or a name that is looked up first. */
export interface Route {
  /** Where it leads. */
  readonly address: ActorAddress;
  /** What time-outs of calls run on. */
  readonly clock: Clock;
  /** A call where `pending` waits for the outcome, else a cast. Throws `MailboxFull` when no more is taken now. */
  post(method: string, args: readonly unknown[], pending: PendingCall | null): void;
  /** Resolves when `post` takes more, or the receiver is gone. */
  drained(): Promise<void>;
  /** Calls back until `ended`; the result takes the callback away. */
  watch(listener: (event: RouteEvent) => void): () => void;
}

/**
 * A reference to an actor. Cheap, never stale: it names the actor, so it also reaches the one that a supervisor
 * started in its place.
 *
 * @example
 * ```ts
 * import { Actor } from "./actor.ts";
 * import { ActorSystem } from "./actor_system.ts";
 *
 * class Counter extends Actor {
 *   #n = 0;
 *   add(by: number) {
 *     return this.#n += by;
 *   }
 * }
 * await using system = ActorSystem.local();
 * const ref = await system.spawn(Counter);
 * ref.cast.add(1);
 * console.log(await ref.call.add(2, { timeout: 500 })); // 3
 * ```
 */
export class Ref<A> {
  readonly #route: Route;

  /**
   * Fire and forget: `ref.cast.add(1)`. Throws `MailboxFull` past the receiver's bound; what the method throws is its
   * supervisor's business.
   */
  readonly cast: Casts<A>;

  /**
   * Ask and wait: `await ref.call.add(2, { timeout: 500 })`. A last argument that is a plain object with no keys but
   * `timeout` and `signal`, and at least one of them, is the options. Rejects with `RemoteError` when the method
   * throws, `TimeoutError`, `ConnectionError` when the actor or its node ends first, `MailboxFull`.
   */
  readonly call: Calls<A>;

  /** For `ActorSystem`. */
  constructor(route: Route) {
    this.#route = route;
    this.cast = methodFunctions<Casts<A>>((method) => (...args) => route.post(method, args, null));
    this.call = methodFunctions<Calls<A>>((method) => (...args) => this.#call(method, args));
  }

  /** Where the actor is. */
  get address(): ActorAddress {
    return this.#route.address;
  }

  /** Resolves when the receiver takes casts again: its mailbox, or the credit to its node, is half empty; or it is gone. */
  drained(): Promise<void> {
    return this.#route.drained();
  }

  /**
   * Calls back when the actor ends (once, then never again), and while its link is down. An actor that is gone already
   * is reported in the next turn. The listener must not throw. Returns what ends the watch. See also `ActorSystem.watch` and `ActorContext.watch`.
   */
  watch(listener: (event: RouteEvent) => void): () => void {
    return this.#route.watch(listener);
  }

  /** `counter@node.a1b2`, or `counter` where the name is all that is known. */
  toString(): string {
    const { node, actor } = this.#route.address;
    return node === null ? actor : `${actor}@${node}`;
  }

  #call(method: string, args: unknown[]): Promise<unknown> {
    const options = takeCallOptions(args);
    const pending = new PendingCall(() => `"${method}" on "${this}"`, options, this.#route.clock);
    if (pending.settled) return pending.promise;
    try {
      this.#route.post(method, args, pending);
    } catch (error) {
      pending.reject(error);
    }
    return pending.promise;
  }
}

type MethodFunction = (...args: unknown[]) => unknown;

/**
 * An object with a function for every name. Functions are made at first use and kept as own properties, so that later
 * uses are plain property reads; only unknown names reach the proxy behind. `then` is left out: the object must not
 * look like a promise.
 */
function methodFunctions<T>(make: (method: string) => MethodFunction): T {
  const behind = new Proxy(Object.create(null), {
    get(_target, key, receiver) {
      if (typeof key !== "string" || key === "then") return undefined;
      const value = make(key);
      Object.defineProperty(receiver, key, { value, enumerable: true });
      return value;
    },
    has: () => false,
    getOwnPropertyDescriptor: () => undefined,
  });
  return Object.create(behind);
}

const NO_OPTIONS: CallOptions = {};

/** Takes the options off the end of `args`, if that is what stands there. */
export function takeCallOptions(args: unknown[]): CallOptions {
  const last = args[args.length - 1];
  if (typeof last !== "object" || last === null || !isCallOptions(last)) return NO_OPTIONS;
  args.pop();
  return checkedCallOptions(last);
}

function isCallOptions(value: object): value is CallOptions {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => key === "timeout" || key === "signal");
}

function checkedCallOptions(options: CallOptions): CallOptions {
  const { timeout, signal } = options;
  if (timeout !== undefined && !(typeof timeout === "number" && timeout >= 0)) {
    throw new RangeError(`Cannot wait for "${String(timeout)}": a call's timeout is a number of ms from 0 up`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("Cannot use the call's signal: it is not an AbortSignal; pass controller.signal");
  }
  return options;
}
