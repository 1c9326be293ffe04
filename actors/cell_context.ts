/**
 * What an actor gets as `this.context`: its cell's abilities, and the system's, under the actor's own name.
 *
 * Owns the watches of the actor. Made by `ActorSystem` for each actor, seen by users only as `ActorContext`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import type { Log } from "../wire/log.ts";
import type { Actor, ActorContext, ActorHooks } from "./actor.ts";
import type { ActorSystem } from "./actor_system.ts";
import type { Cell } from "./cell.ts";
import type { NodeAddress } from "./link_port.ts";
import type { Ref } from "./ref.ts";
import {
  type ActorClass,
  type AnyActorClass,
  type ResolvedSpawn,
  resolveSpawnOptions,
  type SpawnArguments,
} from "./spawn_options.ts";

/** Starts a child of the actor. */
type SpawnChild = <C extends Actor>(actor: AnyActorClass<C>, spawn: ResolvedSpawn) => Promise<Ref<C>>;

export class CellContext implements ActorContext {
  readonly system: ActorSystem;
  readonly log: Log;
  readonly self: Ref<object>;
  readonly #cell: Cell;
  readonly #spawnChild: SpawnChild;
  readonly #watches = new Map<Ref<object>, () => void>();

  constructor(system: ActorSystem, cell: Cell, log: Log, self: Ref<object>, spawnChild: SpawnChild) {
    this.system = system;
    this.log = log;
    this.self = self;
    this.#cell = cell;
    this.#spawnChild = spawnChild;
    cell.onEnd(() => this.#unwatchAll());
  }

  get clock(): Clock {
    return this.system.clock;
  }

  get sender(): NodeAddress {
    return this.#cell.sender;
  }

  spawn<C extends Actor, P extends unknown[]>(actor: ActorClass<C, P>, ...options: SpawnArguments<P>): Promise<Ref<C>> {
    return this.#spawnChild(actor, resolveSpawnOptions(actor, options[0]));
  }

  watch(ref: Ref<object>): void {
    if (this.#watches.has(ref) || this.#cell.reason !== null) return;
    const unwatch = ref.watch((event) => {
      const tell = (hooks: ActorHooks) => hooks.watched({ ...event, ref });
      if (event.kind !== "ended") return this.#cell.notice(tell);
      this.#watches.delete(ref);
      // What another node said before its end may still wait here: heard after it, it would pass for a later life's.
      if (ref.address.node === this.system.address) this.#cell.notice(tell);
      else this.#cell.noticeBehind(tell);
    });
    this.#watches.set(ref, unwatch);
  }

  unwatch(ref: Ref<object>): void {
    this.#watches.get(ref)?.();
    this.#watches.delete(ref);
  }

  stop(): void {
    this.#cell.stop();
  }

  fail(error: unknown): void {
    this.#cell.fail(error);
  }

  replyLater<T>(reply: Promise<T>): Promise<T> {
    this.#cell.replyLater(reply);
    return reply;
  }

  after(delayMs: number, task: () => unknown): () => void {
    return this.#cell.after(delayMs, task);
  }

  #unwatchAll(): void {
    for (const unwatch of this.#watches.values()) unwatch();
    this.#watches.clear();
  }
}
