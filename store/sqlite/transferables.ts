/**
 * Which buffers of a message can be handed over to the other thread instead of copied.
 * @module
 */

/** The buffers of all byte arrays in it that fill theirs. Those that are views of a part are copied. */
export function transferables(message: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  collect(message, buffers, 0);
  return [...buffers];
}

const MAX_DEPTH = 5;

function collect(value: unknown, buffers: Set<ArrayBuffer>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffers.add(buffer);
    return;
  }
  for (const inner of Array.isArray(value) ? value : Object.values(value)) collect(inner, buffers, depth + 1);
}
