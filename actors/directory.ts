/**
 * The actors of this process by name: makes them, finds them, stops them.
 *
 * Knows no other node. Names here are unique in the process; that a name is unique in the whole system is `names.ts`'s
 * business. Used by `ActorSystem`, and by the routes that lead to local actors.
 * @module
 */
import type { Clock } from "../wire/clock.ts";
import { NameTaken } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { Actor, type ActorContext } from "./actor.ts";
import { Cell, type CellHost } from "./cell.ts";
import type { NodeAddress } from "./link_port.ts";
import { RunQueue } from "./run_queue.ts";
import type { AnyActorClass, ResolvedSpawn } from "./spawn_options.ts";

export class Directory implements CellHost {
  readonly runQueue = new RunQueue();
  readonly #living = new Map<string, Cell>();
  /** Names of actors that are on their way. */
  readonly #reserved = new Set<string>();
  /** Without a parent, in order of their start. */
  readonly #roots = new Set<Cell>();
  #counter = 0;

  constructor(readonly address: NodeAddress, readonly clock: Clock, readonly log: Log) {}

  find(name: string): Cell | undefined {
    return this.#living.get(name);
  }

  /** Keeps a name for a spawn that is under way; the result gives it back. Throws `NameTaken`. */
  reserve(name: string): () => void {
    if (this.#living.has(name) || this.#reserved.has(name)) {
      throw new NameTaken(
        `Cannot start another actor "${name}" on ${this.address}: one lives there under this name; ` +
          `stop it first, or choose another name`,
      );
    }
    this.#reserved.add(name);
    return () => this.#reserved.delete(name);
  }

  /** A name nobody else has here, after the class. */
  freshName(actor: AnyActorClass): string {
    const stem = actor.name.replace(/[^A-Za-z0-9_]/g, "").slice(0, 64) || "Actor";
    for (;;) {
      const name = `${stem}~${++this.#counter}`;
      if (!this.#living.has(name) && !this.#reserved.has(name)) return name;
    }
  }

  /** Constructs and starts an actor. The cell is there at once; `cell.started` says how `onStart` went. */
  start(
    actor: AnyActorClass,
    name: string,
    spawn: ResolvedSpawn,
    parent: Cell | null,
    contextOf: (cell: Cell) => ActorContext,
  ): Cell {
    const instance = new actor(...spawn.args);
    const cell = new Cell(this, instance, { name, mailbox: spawn.mailbox, shutdownMs: spawn.shutdownMs });
    const siblings = parent?.children ?? this.#roots;
    this.#living.set(name, cell);
    siblings.add(cell);
    cell.onEnd(() => {
      this.#living.delete(name);
      siblings.delete(cell);
    });
    cell.start(Actor.attach(instance, contextOf(cell)));
    return cell;
  }

  /** Stops all actors, the last one started first. */
  async stopAll(): Promise<void> {
    for (const cell of [...this.#roots].reverse()) await cell.stop();
  }
}
