/**
 * What one life of a node is called: unlike any other, and with its rank, where it has one.
 *
 * Two processes may be alive in the name of one node: one was stopped, was taken for dead, got a successor, and goes on.
 * The rank tells everybody which of the two comes after the other. Pure. Used by `connect.ts` and by the links.
 * @module
 */

/** A new one. `rank` 0: it has none. */
export function newIncarnation(rank: number): string {
  const id = crypto.randomUUID();
  return rank > 0 ? `${rank}.${id}` : id;
}

/** Whether both have a rank and that of `later` is higher. */
export function isSucceededBy(earlier: string, later: string): boolean {
  const rank = rankOf(earlier);
  return rank > 0 && rankOf(later) > rank;
}

/** 0: none. */
function rankOf(incarnation: string): number {
  const point = incarnation.indexOf(".");
  return point < 0 ? 0 : Number(incarnation.slice(0, point)) || 0;
}
