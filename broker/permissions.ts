/**
 * Whether a user may publish to a subject or subscribe to a pattern, by its allow lists.
 *
 * Pure. What is not allowed is denied; a subscription is allowed only where a single entry covers all that it could
 * match. Asked by client connections and by the in-process side of the broker, for each publish: the answers of the
 * subject tree are cached there.
 * @module
 */
import { isValidPattern, patternCovers, SubjectTree } from "../bus/subject_tree.ts";
import type { SubjectPermissions } from "../protocol/subjects.ts";

/** The allow lists of one user. */
export interface Permissions {
  /** A subject without wildcards. */
  mayPublish(subject: string): boolean;
  /** Whether all that the pattern can match is allowed. */
  maySubscribe(pattern: string): boolean;
}

/** Everything is allowed. */
export const unrestricted: Permissions = { mayPublish: () => true, maySubscribe: () => true };

/** Builds the check. `TypeError` for an entry that is no valid pattern. */
export function compilePermissions(allowed: SubjectPermissions): Permissions {
  const publish = new SubjectTree<true>();
  for (const pattern of allowed.publish) publish.insert(checkEntry(pattern), true);
  const subscribe = allowed.subscribe.map(checkEntry);
  return {
    mayPublish: (subject) => publish.match(subject).length > 0,
    maySubscribe: (pattern) => subscribe.some((entry) => patternCovers(entry, pattern)),
  };
}

function checkEntry(pattern: string): string {
  if (isValidPattern(pattern)) return pattern;
  throw new TypeError(
    `Cannot allow the subject ${JSON.stringify(pattern)}: it is not a valid NATS subject or pattern.`,
  );
}
