/**
 * Byte strings put one behind the other.
 *
 * Copies, unless there is only one. Used at both ends of the pipe, and by stores.
 * @module
 */

/** All of them as one; a single one as it is. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
