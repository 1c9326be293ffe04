/**
 * What is said on the subject of a unique name: who has it, and who keeps it. JSON, so that a person can listen.
 *
 * Shapes and their check only. Used by `names.ts` and `name_claim.ts`.
 * @module
 */

export type NameMessage =
  /** A request: where is the actor? */
  | { readonly kind: "who" }
  /** The reply of its owner. */
  | {
    readonly kind: "at";
    readonly address: string;
    readonly incarnation: string;
    readonly ageMs: number;
    /** See `claim`. */
    readonly rank?: number;
  }
  /** A claimant to all others; `echo` is the token of the claim it answers. */
  | {
    readonly kind: "claim";
    readonly address: string;
    readonly incarnation: string;
    readonly ageMs: number;
    readonly token: string;
    readonly echo: string | null;
    /** Of two that have one, the higher stays; absent or 0: none. */
    readonly rank?: number;
  }
  /** The claim whose token is `echo` ends. */
  | { readonly kind: "yield"; readonly address: string; readonly incarnation: string; readonly echo: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeNameMessage(message: NameMessage): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/** The message, or `null` where it is not one of ours. */
export function parseNameMessage(data: Uint8Array): NameMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("kind" in value)) return null;
  return isNameMessage(value as Record<string, unknown>) ? value as NameMessage : null;
}

function isNameMessage(value: Record<string, unknown>): boolean {
  const { kind, address, incarnation, ageMs, token, echo, rank } = value;
  if (kind === "who") return true;
  if (typeof address !== "string" || typeof incarnation !== "string") return false;
  if (rank !== undefined && typeof rank !== "number") return false;
  if (kind === "at") return typeof ageMs === "number";
  if (kind === "yield") return typeof echo === "string";
  return kind === "claim" && typeof ageMs === "number" && typeof token === "string" &&
    (echo === null || typeof echo === "string");
}
