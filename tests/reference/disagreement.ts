/**
 * What the core did, or left undone, that the reference would have otherwise.
 * @module
 */

/** Names the rule, so that a shortened history can be seen to break the same one. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
  readonly rule: string;

  constructor(rule: string, text: string) {
    super(`${rule}: ${text}`);
    this.rule = rule;
  }
}

/** Throws unless it holds. */
export function agree(holds: boolean, rule: string, text: () => string): asserts holds {
  if (!holds) throw new Disagreement(rule, text());
}
