/**
 * The entry to the actor framework: starts actors, finds them by name, watches and stops them.
 *
 * A façade: actors live in `directory.ts`, the way to other nodes is `remote.ts`, names are `names.ts`. One system is
 * one node; programs make it with `connect`, tests with `local`.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { systemClock } from "../wire/clock.ts";
import { ConnectionError } from "../wire/errors.ts";
import { type Log, silentLog } from "../wire/log.ts";
import type { Actor, ActorContext, WatchEvent } from "./actor.ts";
import type { Cell } from "./cell.ts";
import { CellContext } from "./cell_context.ts";
import { Directory } from "./directory.ts";
import type { NodeAddress } from "./link_port.ts";
import { LocalRoute } from "./local_route.ts";
import { Ref } from "./ref.ts";
import type { EndReason } from "./ref.ts";
import { Remote, type RemoteOptions } from "./remote.ts";
import {
  type ActorClass,
  type AnyActorClass,
  checkActorName,
  type ResolvedSpawn,
  resolveSpawnOptions,
  type SpawnArguments,
} from "./spawn_options.ts";
import { type ConnectOptions, connectTransport } from "./connect.ts";
import { Watch } from "./watch.ts";

export type { ConnectOptions };

/** What an actor system in one process needs: nothing. */
export interface LocalOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: silent. */
  readonly log?: Log;
}

/**
 * All actors of a process, and the way to those of others on the same NATS.
 *
 * @example
 * ```ts
 * import { Actor } from "./actor.ts";
 * import { ActorSystem } from "./actor_system.ts";
 *
 * class Echo extends Actor {
 *   say(text: string) {
 *     return text;
 *   }
 * }
 * await using system = ActorSystem.local();
 * await system.spawn(Echo, { name: "echo" });
 * console.log(await system.ref<Echo>("echo").call.say("hello")); // hello
 * ```
 */
export class ActorSystem implements AsyncDisposable {
  readonly #directory: Directory;
  readonly #remote: Remote | null;
  #closing: Promise<void> | null = null;

  private constructor(directory: Directory, remote: Remote | null) {
    this.#directory = directory;
    this.#remote = remote;
  }

  /** Joins the system `name` on a NATS server. Throws `ConnectionError`, `AuthorizationError`. */
  static async connect(options: ConnectOptions): Promise<ActorSystem> {
    return ActorSystem.over(await connectTransport(options));
  }

  /** A system on a transport that is there already; it closes it in the end. For compositions and tests. */
  static over(options: RemoteOptions): ActorSystem {
    const directory = new Directory(options.transport.address, options.clock, options.log);
    return new ActorSystem(directory, new Remote(options, directory));
  }

  /** A system of this process alone: no bus, no other nodes. For tests, and for actors as such. */
  static local(options: LocalOptions = {}): ActorSystem {
    const directory = new Directory("node.local", options.clock ?? systemClock, options.log ?? silentLog);
    return new ActorSystem(directory, null);
  }

  /** Where this node is. */
  get address(): NodeAddress {
    return this.#directory.address;
  }

  /** Which life of this node it is. */
  get incarnation(): string {
    return this.#remote?.incarnation ?? "local";
  }

  /** What its timers run on. */
  get clock(): Clock {
    return this.#directory.clock;
  }

  /** Where its lines go. */
  get log(): Log {
    return this.#directory.log;
  }

  /**
   * Starts an actor and resolves when its `onStart` has. Rejects with what the constructor or `onStart` threw, with
   * `NameTaken` where the name is to be unique and another actor has it.
   */
  spawn<A extends Actor, P extends unknown[]>(
    actor: ActorClass<A, P>,
    ...options: SpawnArguments<P>
  ): Promise<Ref<A>> {
    return this.#spawn(actor, resolveSpawnOptions(actor, options[0]), null);
  }

  /**
   * The actor that has this unique name, in whatever process. Looked up at the first message; until then messages wait,
   * in order. When it moves, it is looked up again.
   */
  ref<A>(name: string): Ref<A> {
    checkActorName(name);
    return new Ref<A>(this.#remote?.routeTo(name) ?? new LocalRoute(this.#directory, name));
  }

  /** The actor `actor` of a known node; its name needs to be unique only there. */
  refAt<A>(node: NodeAddress, actor: string): Ref<A> {
    if (node === this.address || this.#remote === null) return new Ref<A>(new LocalRoute(this.#directory, actor));
    return new Ref<A>(this.#remote.routeAt(node, actor));
  }

  /** What happens to an actor: as a loop, or told to `listener`. */
  watch(ref: Ref<object>, listener?: (event: WatchEvent) => void): Watch {
    return new Watch(ref, this.log, listener ?? null);
  }

  /** Stops an actor of this process after the message it is handling; resolves at its end. */
  async stop(ref: Ref<object>): Promise<EndReason> {
    return await this.#localCell(ref, "stop")?.stop() ?? "unknown-actor";
  }

  /** Ends an actor of this process at once. An async method that it awaits runs on, unheard; a busy loop can't be ended. */
  kill(ref: Ref<object>): void {
    this.#localCell(ref, "kill")?.kill();
  }

  /** Stops all actors, the last one started first, says good-bye to other nodes, ends the connection. Idempotent. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#directory.stopAll();
    await this.#remote?.close();
  }

  #localCell(ref: Ref<object>, verb: string): Cell | undefined {
    const { node, actor } = ref.address;
    if (node === this.address || (node === null && this.#directory.find(actor) !== undefined)) {
      return this.#directory.find(actor);
    }
    throw new TypeError(
      `Cannot ${verb} actor "${ref}": it does not live in this process (${this.address}); give it a method that calls context.stop()`,
    );
  }

  async #spawn<A extends Actor>(
    actor: AnyActorClass<A>,
    spawn: ResolvedSpawn,
    parent: Cell | null,
  ): Promise<Ref<A>> {
    if (this.#closing !== null) throw closed();
    const name = spawn.name ?? this.#directory.freshName(actor);
    const giveBack = this.#directory.reserve(name);
    let cell: Cell;
    try {
      const claim = spawn.unique && this.#remote !== null ? await this.#remote.claim(name) : null;
      try {
        if (this.#closing !== null) throw closed();
        if (parent !== null && parent.reason !== null) throw parentEnded(parent);
        cell = this.#directory.start(actor, name, spawn, parent, (cell) => this.#contextOf(cell));
      } catch (error) {
        claim?.release();
        throw error;
      }
      if (claim !== null) {
        claim.whenLost((error) => cell.fail(error));
        cell.onEnd(() => claim.release());
      }
    } finally {
      giveBack();
    }
    await cell.started;
    return new Ref<A>(new LocalRoute(this.#directory, name));
  }

  #contextOf(cell: Cell): ActorContext {
    const log: Log = (level, message, fields) => this.log(level, message, { actor: cell.name, ...fields });
    const self = new Ref<object>(new LocalRoute(this.#directory, cell.name));
    return new CellContext(this, cell, log, self, (actor, spawn) => this.#spawn(actor, spawn, cell));
  }
}

function parentEnded(parent: Cell): ConnectionError {
  return new ConnectionError(`Cannot start a child of actor "${parent.name}": the parent has ended (${parent.reason})`);
}

function closed(): ConnectionError {
  return new ConnectionError("Cannot start an actor: this system is closed; make another one");
}
