/**
 * The loop that runs several items of a map in one task: shipped as text, with the user's function inside.
 *
 * `runChunk` runs on an engine: it must use nothing but its arguments and globals. Each item has an outcome of its own,
 * whatever the others do. Read by `function_code.ts`; its outcomes are read by `settlement.ts`.
 * @module
 */

/** What an item came to, as it travels: `[0, value]` or `[1, error]`. */
export type ChunkOutcome = readonly [failed: 0 | 1, value: unknown];

/**
 * The text of a function `(rows, retries, leftOut) => outcomes`. The user's source comes first, so that the positions in its
 * stack are those of a task without chunks, but for one column. `isFresh`: the text is evaluated for each row, which then
 * starts from the captured values as each task does.
 */
export function chunkSource(text: string, isMethod: boolean, isFresh: boolean): string {
  const run = runChunk.toString();
  if (isFresh) return `[()=>${text}].map((make)=>(rows,retries,leftOut)=>(${run})(make,rows,retries,leftOut))[0]`;
  const list = isMethod ? `Object.values({${text}})` : `[${text}]`;
  return `${list}.map((f)=>(rows,retries,leftOut)=>(${run})(()=>f,rows,retries,leftOut))[0]`;
}

/**
 * Calls what `make` gives with each row. A failure fails the whole attempt while there are retries left, so that `retries` means the
 * same with chunks; a function that declines the engine declines it for the chunk. `leftOut`: rows of the chunk that have
 * failed before, since they could not travel.
 */
export async function runChunk(
  make: () => (...args: unknown[]) => unknown,
  rows: readonly (readonly unknown[])[],
  retries: number,
  leftOut = 0,
): Promise<ChunkOutcome[]> {
  const task = (globalThis as Record<symbol, { attempt?: number } | undefined>)[Symbol.for("troupe.currentTask")];
  const lastAttempt = (task?.attempt ?? Infinity) > retries;
  const outcomes: ChunkOutcome[] = [];
  for (const row of rows) {
    try {
      let value = make()(...row);
      if (typeof value === "object" && value !== null && "then" in value) value = await value;
      const obstacle = findObstacle(value, "result", new Set());
      if (obstacle !== null) throw unsendable(obstacle);
      outcomes.push([0, value]);
    } catch (error) {
      trimStack(error);
      if (!lastAttempt || isDecline(error)) throw error;
      outcomes.push([1, sendable(error)]);
    }
  }
  const failures = outcomes.filter(([failed]) => failed === 1).map(([, error]) => error);
  if (failures.length + leftOut > 0) throw chunkFailure(failures);
  return outcomes;

  function chunkFailure(failures: readonly unknown[]): Error {
    const first = failures[0] instanceof Error ? `${failures[0].name}: ${failures[0].message}` : typeof failures[0];
    const [failed, all] = [failures.length + leftOut, rows.length + leftOut];
    const why = failures.length > 0 ? `the first with ${first}` : "none of those that could travel";
    const message = `${failed} of ${all} items failed, ${why}`;
    // The last name is `CHUNK_OUTCOMES` of `protocol/shipped_names.ts`, which is not there on an engine.
    return Object.assign(new Error(message), { name: "ChunkFailure", troupeChunkOutcomes: outcomes, stack: message });
  }

  /** The path to the first part of a value that can't travel, and what it is. */
  function findObstacle(value: unknown, path: string, above: Set<unknown>): string | null {
    if (typeof value === "function") return `${path} is a function`;
    if (typeof value === "symbol") return `${path} is a symbol`;
    if (typeof value !== "object" || value === null) return null;
    if (above.has(value)) return `${path} is part of a cycle`;
    const kind = value.constructor?.name ?? "Object";
    const parts = partsOf(value, kind);
    if (parts === null) return `${path} is a ${kind}`;
    above.add(value);
    for (const [key, part] of parts) {
      const found = findObstacle(part, `${path}${key}`, above);
      if (found !== null) return found;
    }
    above.delete(value);
    return null;
  }

  /** What is inside a value; `null` where its kind does not travel at all. */
  function partsOf(value: object, kind: string): Iterable<[string, unknown]> | null {
    if (Array.isArray(value)) return value.map((part, index) => [`[${index}]`, part]);
    if (value instanceof Map) return [...value].flatMap(([key, part]) => [[".key", key], [`.get(${key})`, part]]);
    if (value instanceof Set) return [...value].map((part) => [".item", part]);
    if (value instanceof Error) return value.cause === undefined ? [] : [[".cause", value.cause]];
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return [];
    if (/^(Date|RegExp|URL|Number|String|Boolean|BigInt)$/.test(kind)) return [];
    const prototype = Object.getPrototypeOf(value);
    const Class = value.constructor;
    if (typeof Class === "function" && Object.hasOwn(Class, Symbol.for("troupe.registered"))) return [];
    if (prototype !== null && prototype !== Object.prototype) return null;
    return Object.entries(value).map(([key, part]) => [`.${key}`, part]);
  }

  function unsendable(obstacle: string): Error {
    const error = new Error(`Cannot send the result: ${obstacle}; return a plain value, or part of it.`);
    const name = "SerializationError";
    return Object.assign(error, { name, code: "SERIALIZATION_ERROR", stack: `${name}: ${error.message}` });
  }

  /** The error, or where its cause can't travel one that says the same. */
  function sendable(error: unknown): unknown {
    if (findObstacle(error, "error", new Set()) === null) return error;
    if (!(error instanceof Error)) return new Error(String(error));
    const copy = new Error(error.message);
    copy.name = error.name;
    if (typeof error.stack === "string") copy.stack = error.stack;
    return copy;
  }

  function isDecline(error: unknown): boolean {
    return error instanceof Error && error.name === "UnmetDependency";
  }

  /** Takes the frames of this loop off, as if the item had run alone. */
  function trimStack(error: unknown): void {
    if (!(error instanceof Error) || typeof error.stack !== "string") return;
    const lines = error.stack.split("\n");
    const own = lines.findIndex((line) => /^\s+at (async )?(\S+\.)?runChunk \(/.test(line));
    if (own > 0) error.stack = lines.slice(0, own).join("\n");
  }
}
