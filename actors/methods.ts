/**
 * Which methods of an actor may be called from outside: those that its own classes define, and no others.
 *
 * Looks at prototypes only and never runs an accessor. Used by `cell.ts` when an actor is spawned.
 * @module
 */
import { Actor } from "./actor.ts";

export type ActorMethod = (...args: unknown[]) => unknown;

/** The callable methods of `actor` by name, the most derived definition of each. */
export function callableMethods(actor: Actor): ReadonlyMap<string, ActorMethod> {
  const methods = new Map<string, ActorMethod>();
  const decided = new Set<string>();
  for (
    let prototype = Object.getPrototypeOf(actor);
    prototype !== null && prototype !== Actor.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (decided.has(name)) continue;
      decided.add(name);
      if (typeof descriptor.value === "function" && isPublicName(name)) methods.set(name, descriptor.value);
    }
  }
  return methods;
}

/** `constructor`, hooks, `context`, what every object has, and `_names` are nobody's messages. */
function isPublicName(name: string): boolean {
  return !name.startsWith("_") && name !== "then" && !(name in Actor.prototype);
}
