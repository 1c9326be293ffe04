/**
 * What users subclass: an actor's public methods are its messages, handled one at a time.
 *
 * Only the base class and what an actor is given to work with. It holds no queue and starts nothing: `cell.ts` runs
 * it, `ActorSystem.spawn` makes it.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { ActorSystem } from "./actor_system.ts";
import type { NodeAddress } from "./link_port.ts";
import type { EndReason, Ref } from "./ref.ts";
import type { ActorClass, SpawnArguments } from "./spawn_options.ts";

/** What an actor is told of an actor that it watches. */
export type WatchEvent =
  | { readonly kind: "ended"; readonly ref: Ref<object>; readonly reason: EndReason }
  | { readonly kind: "unreachable"; readonly ref: Ref<object> }
  | { readonly kind: "reachable"; readonly ref: Ref<object> };

/** What an actor has to work with, from `onStart` on. */
export interface ActorContext {
  /**
   * The actor itself, for others: `this.context.self as Ref<Counter>`. Casting to oneself is fine; who awaits a call to
   * oneself in a method waits until the timeout.
   */
  readonly self: Ref<object>;
  /** The system it lives in. */
  readonly system: ActorSystem;
  /** Adds the actor's name to each line. */
  readonly log: Log;
  /** The system's clock. */
  readonly clock: Clock;
  /** The node whose message is being handled now; the own one for local messages, timers and hooks. */
  readonly sender: NodeAddress;
  /** As `ActorSystem.spawn`, for an actor that ends with this one: children end first, the last one started first. */
  spawn<C extends Actor, P extends unknown[]>(actor: ActorClass<C, P>, ...options: SpawnArguments<P>): Promise<Ref<C>>;
  /** From now on `onWatched` is told when the actor ends, and while its node can't be reached. */
  watch(ref: Ref<object>): void;
  /** Ends a watch; the same reference as given to `watch`. */
  unwatch(ref: Ref<object>): void;
  /** Ends this actor after the message it is handling; what waits in its mailbox is refused. */
  stop(): void;
  /** Ends this actor likewise, as a failure: supervisors see `failed: …`. */
  fail(error: unknown): void;
  /**
   * For a method whose reply takes its time: `return this.context.replyLater(promise)`. The caller gets what the promise
   * comes to; the actor goes on with its next message meanwhile.
   */
  replyLater<T>(reply: Promise<T>): Promise<T>;
  /** Runs `task` in the actor's turn after `delayMs`. The result takes it back. Ends with the actor. */
  after(delayMs: number, task: () => unknown): () => void;
}

/** What the runner of an actor may do with it. */
export interface ActorHooks {
  /** `onStart`. */
  start(): unknown;
  /** `onStop`. */
  stop(reason: EndReason): unknown;
  /** `onWatched`. */
  watched(event: WatchEvent): unknown;
}

/**
 * An actor: private state, and public methods that others cast to or call, one after the other. An async method is
 * awaited before the next message starts.
 *
 * Not callable from outside: hooks, whatever `Actor` and `Object` have, names that start with `_`, fields and
 * accessors. TypeScript's `private` does not exist at run time: use `#name`.
 *
 * @example
 * ```ts
 * import { Actor } from "./actor.ts";
 *
 * class Greeter extends Actor {
 *   greet(name: string): string {
 *     return `Hello ${name}`;
 *   }
 *   protected override onStart() {
 *     this.context.log("info", "ready");
 *   }
 * }
 * console.log(Greeter.name); // Greeter
 * ```
 */
export abstract class Actor {
  /** From the order to stop until it is killed, unless spawned with another bound; ms. */
  static readonly shutdown: number = 5_000;

  /** Methods that are questions: a cast of one has nobody to tell what it throws, and is dropped. */
  static readonly callsOnly: readonly string[] = [];

  #context: ActorContext | null = null;

  /** Known from `onStart` on, not in the constructor. */
  protected get context(): ActorContext {
    if (this.#context === null) {
      throw new TypeError(
        `Cannot use the context of "${this.constructor.name}" before it is spawned: move that from the constructor to onStart()`,
      );
    }
    return this.#context;
  }

  /** Runs before the first message. A throw makes `spawn` reject. */
  protected onStart(): void | Promise<void> {}

  /** Runs after the last message, unless the actor was killed. */
  protected onStop(_reason: EndReason): void | Promise<void> {}

  /** Something happened to an actor given to `context.watch`. Comes before waiting messages. */
  protected onWatched(_event: WatchEvent): void | Promise<void> {}

  /** For the runner of the actor alone: gives it its context, takes its hooks. */
  static attach(actor: Actor, context: ActorContext): ActorHooks {
    actor.#context = context;
    return {
      start: () => actor.onStart(),
      stop: (reason) => actor.onStop(reason),
      watched: (event) => actor.onWatched(event),
    };
  }
}
