/**
 * What a call rejects with when the method threw: the same whether the actor is next door or on another host.
 *
 * Pure. Used by the local route and by `peers.ts`.
 * @module
 */
import { RemoteError } from "../wire/errors.ts";
import type { ActorAddress } from "./ref.ts";

/** Wraps what was thrown; it is the `cause`. */
export function thrownBy(address: ActorAddress, method: string, thrown: unknown): RemoteError {
  const isError = thrown instanceof Error;
  const remoteName = isError ? thrown.name : typeof thrown;
  const what = isError ? `${remoteName}: ${thrown.message}` : String(thrown);
  return new RemoteError(`"${method}" of actor "${address.actor}" on ${address.node} threw ${what}`, {
    remoteName,
    remoteStack: isError ? thrown.stack ?? "" : "",
    cause: thrown,
  });
}
