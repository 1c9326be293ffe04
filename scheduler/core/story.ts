/**
 * The last moves of all tasks, in a ring of fixed size: enough to tell what led to a mistake, at no cost per task.
 *
 * Not part of a snapshot, and nothing is decided by it.
 * @module
 */
import type { EngineId, TaskId } from "../../protocol/ids.ts";
import type { StoryLine } from "./scheduler_core.ts";
import { type TaskMove, type TaskState, TRANSITIONS } from "./transitions.ts";

/** So many moves are remembered. */
const STORY_MOVES = 8_192;

/** A ring of moves. */
export class Story {
  readonly #at = new Float64Array(STORY_MOVES);
  readonly #ids: (TaskId | null)[] = new Array(STORY_MOVES).fill(null);
  readonly #moves: string[] = new Array(STORY_MOVES).fill("");
  readonly #engines = new Int32Array(STORY_MOVES);
  #next = 0;

  tell(at: number, id: TaskId, from: TaskState, move: TaskMove, engine: EngineId | null): void {
    const index = this.#next;
    this.#next = (index + 1) % STORY_MOVES;
    this.#at[index] = at;
    this.#ids[index] = id;
    this.#moves[index] = MOVE_TEXTS[from][move];
    this.#engines[index] = engine ?? -1;
  }

  of(id: TaskId): StoryLine[] {
    const lines: StoryLine[] = [];
    for (let i = 0; i < STORY_MOVES; i++) {
      const index = (this.#next + i) % STORY_MOVES;
      if (this.#ids[index] !== id) continue;
      const engine = this.#engines[index] ?? -1;
      const where = engine < 0 ? "" : ` (engine ${engine})`;
      lines.push({ at: this.#at[index] ?? 0, text: `${this.#moves[index]}${where}` });
    }
    return lines;
  }
}

/** Made once, so that telling a move makes no string. */
const MOVE_TEXTS: Readonly<Record<TaskState, Readonly<Record<TaskMove, string>>>> = textsOfAllMoves();

function textsOfAllMoves(): Record<TaskState, Record<TaskMove, string>> {
  const states: readonly TaskState[] = ["new", "waiting", "ready", "assigned", "settled", "forgotten"];
  const texts: Partial<Record<TaskState, Record<TaskMove, string>>> = {};
  for (const state of states) texts[state] = textsFrom(state);
  return texts as Record<TaskState, Record<TaskMove, string>>;
}

function textsFrom(state: TaskState): Record<TaskMove, string> {
  const texts: Partial<Record<TaskMove, string>> = {};
  for (const move of Object.keys(TRANSITIONS[state]) as TaskMove[]) {
    const transition = TRANSITIONS[state][move];
    texts[move] = "to" in transition ? `${move}: ${state} → ${transition.to}` : `${move}: impossible from ${state}`;
  }
  return texts as Record<TaskMove, string>;
}
