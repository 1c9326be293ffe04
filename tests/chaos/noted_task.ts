/**
 * What the tasks of a chaos run do besides their work: each attempt notes when it begins and when it ends, in a file.
 *
 * `beginNote` and `endNote` travel with the functions that use them. The account of a run is made of these notes and of
 * what the clients saw. Used by the jobs.
 * @module
 */
import { currentTask } from "../../mod.ts";

/** What a task returns: its value, and which of its attempts it comes from. */
export interface Noted<T> {
  /** Of this attempt alone. */
  readonly mark: string;
  readonly value: T;
  /** Epoch ms. */
  readonly began: number;
  readonly ended: number;
}

/** What an attempt knows of itself, from its begin to its end. */
export interface OpenNote {
  readonly file: string;
  readonly id: string;
  readonly mark: string;
  readonly began: number;
  readonly attempt: number;
  readonly engine: number;
}

/** Where a task writes, and under which name. */
export interface NotePlace {
  readonly file: string;
  readonly id: string;
}

/** `word`: `begin`, `end`, `throw` or `decline`. One write a line, so that lines of many engines do not mix. */
export function writeNote(note: OpenNote, at: number, word: string): void {
  const line = [word, at, note.id, note.attempt, note.mark, note.engine, Deno.pid, Deno.ppid].join(" ");
  Deno.writeTextFileSync(note.file, `${line}\n`, { append: true });
}

/** An attempt begins. */
export function beginNote({ file, id }: NotePlace): OpenNote {
  const began = Date.now();
  const mark = `${Deno.pid}-${began}-${Math.random().toString(36).slice(2, 10)}`;
  const { attempt, engineId } = currentTask();
  const note = { file, id, mark, began, attempt, engine: engineId };
  writeNote(note, began, "begin");
  return note;
}

/** It has its value. */
export function endNote<T>(note: OpenNote, value: T): Noted<T> {
  const ended = Date.now();
  writeNote(note, ended, "end");
  return { mark: note.mark, value, began: note.began, ended };
}

/** A pause in a task. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
