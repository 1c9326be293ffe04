/**
 * The engines' side of the account: the notes of all attempts, read back by task.
 *
 * Pure. Called by `account.ts` and `recovery.ts`.
 * @module
 */

/** One attempt of a task. Times are epoch ms. */
export interface Attempt {
  readonly id: string;
  readonly mark: string;
  /** As the task was told; from 1. */
  readonly attempt: number;
  readonly engine: number;
  /** The engine's process. */
  readonly pid: number;
  /** Its host's. */
  readonly host: number;
  readonly began: number;
  /** `null`: it never came to its end. */
  readonly ended: number | null;
  /** How it ended: by a value, by a throw, by declining its engine; `null`: it did not. */
  readonly end: "end" | "throw" | "decline" | null;
}

const ENDS: ReadonlySet<string> = new Set(["end", "throw", "decline"]);

/** Attempts by the name of their task, in the order in which they began. A line that is cut off is left out. */
export function readNotes(text: string): ReadonlyMap<string, readonly Attempt[]> {
  const byMark = new Map<string, Attempt>();
  for (const line of text.split("\n")) {
    const [word = "", at, id = "", attempt, mark = "", engine, pid, host] = line.split(" ");
    if (host === undefined) continue;
    if (word === "begin") {
      const began = Number(at);
      const place = { engine: Number(engine), pid: Number(pid), host: Number(host) };
      byMark.set(mark, { id, mark, attempt: Number(attempt), ...place, began, ended: null, end: null });
    } else if (ENDS.has(word)) {
      const begun = byMark.get(mark);
      if (begun !== undefined) byMark.set(mark, { ...begun, ended: Number(at), end: word as Attempt["end"] });
    }
  }
  return Map.groupBy([...byMark.values()].sort((one, other) => one.began - other.began), ({ id }) => id);
}
