/**
 * How an actor is asked for: its class, what its constructor gets, its name and bounds.
 *
 * Resolves what the user wrote into a form without optionals, with every check that needs no actor. Used by
 * `ActorSystem.spawn`, `ActorContext.spawn` and supervisors.
 * @module
 */
import { Actor } from "./actor.ts";
import { DEFAULT_MAILBOX } from "./mailbox.ts";

/** A class of actors, and what its constructor takes. */
export interface ActorClass<A extends Actor = Actor, P extends unknown[] = unknown[]> {
  /** What `spawn` does with `args`. */
  new (...args: P): A;
  /** For log lines, and the names of actors that were given none. */
  readonly name: string;
  /** `Actor.shutdown`, or what the class says instead. */
  readonly shutdown: number;
}

/** The same, whatever its constructor takes: the arguments were checked where they were given. */
// deno-lint-ignore no-explicit-any -- no other type takes constructors of any parameters
export type AnyActorClass<A extends Actor = Actor> = ActorClass<A, any[]>;

/** What may be said of any actor. */
export interface SpawnBasics {
  /** Letters, digits, `_`, `-` and `~`. Without one it gets a number, and only its `Ref` finds it. */
  readonly name?: string;
  /** Whether the name is to be the only one in the whole system; default: true where there is a name. */
  readonly unique?: boolean;
  /** Messages its mailbox holds; default 100,000. */
  readonly mailbox?: number;
  /** From the order to stop until it is killed, ms; default 5,000, of a supervisor none; `Infinity`: never. */
  readonly shutdown?: number;
}

/** `args` is what the constructor gets: wanted where it has parameters that must be given. */
export type SpawnOptions<P extends unknown[] = unknown[]> =
  & SpawnBasics
  & ([] extends P ? { readonly args?: P } : { readonly args: P });

/** The options as the last argument, left out where nothing has to be said. */
export type SpawnArguments<P extends unknown[]> = [] extends P ? [options?: SpawnOptions<P>]
  : [options: SpawnOptions<P>];

/** Every default filled in. */
export interface ResolvedSpawn {
  readonly name: string | null;
  readonly unique: boolean;
  readonly args: readonly unknown[];
  readonly mailbox: number;
  readonly shutdownMs: number;
}

const NAME_PATTERN = /^[A-Za-z0-9_~-]{1,128}$/;
const KNOWN = ["name", "unique", "mailbox", "shutdown", "args"];

/** Throws `TypeError` and `RangeError` for what can't be meant. */
export function resolveSpawnOptions(
  actor: AnyActorClass,
  options: SpawnOptions<unknown[]> = {},
): ResolvedSpawn {
  checkActorClass(actor);
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new TypeError(`Cannot spawn with option "${key}": it is unknown; there are ${KNOWN.join(", ")}`);
    }
  }
  const { name = null, args = [], mailbox = DEFAULT_MAILBOX, shutdown = actor.shutdown } = options;
  if (name !== null) checkActorName(name);
  if (!Array.isArray(args)) throw new TypeError("Cannot spawn: args is not an array; pass [first, second, …]");
  if (!(Number.isSafeInteger(mailbox) && mailbox >= 1)) {
    throw new RangeError(`Cannot spawn with mailbox "${mailbox}": it is a number of messages from 1 up`);
  }
  if (!(typeof shutdown === "number" && shutdown >= 0)) {
    throw new RangeError(`Cannot spawn with shutdown "${shutdown}": it is a number of ms from 0 up, or Infinity`);
  }
  const unique = options.unique ?? name !== null;
  if (unique && name === null) throw new TypeError("Cannot spawn a unique actor without a name: pass { name }");
  return { name, unique, args, mailbox, shutdownMs: shutdown };
}

/** Throws `TypeError` for what is no class of actors. */
function checkActorClass(actor: unknown): asserts actor is AnyActorClass {
  if (typeof actor === "function" && actor.prototype instanceof Actor) return;
  const name = typeof actor === "function" ? actor.name : String(actor);
  throw new TypeError(`Cannot spawn "${name}": it does not extend Actor; write class ${name} extends Actor`);
}

/** Throws `TypeError` unless it can stand in a subject as one token. */
export function checkActorName(name: unknown, what = "an actor's name"): asserts name is string {
  if (typeof name === "string" && NAME_PATTERN.test(name)) return;
  throw new TypeError(
    `Cannot use "${String(name)}" as ${what}: it has 1 to 128 letters, digits, "_", "-" and "~", and nothing else`,
  );
}
