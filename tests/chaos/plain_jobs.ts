/** The jobs of the mixed load whose tasks need no others: maps, aborts, retries, throws, big values, limits. @module */
import { UnmetDependency } from "../../mod.ts";
import type { Job, JobWork } from "./job.ts";
import { beginNote, endNote, type NotePlace, pause, writeNote } from "./noted_task.ts";

/** Sleeps a little, as a task that waits for something does, and says how often it was wanted. */
async function triple(place: NotePlace, x: number, ms: number) {
  const note = beginNote(place);
  await pause(ms);
  return endNote(note, 3 * x);
}

async function endless(place: NotePlace) {
  const note = beginNote(place);
  await new Promise<never>(() => {});
  return endNote(note, 0);
}

function busyLoop(place: NotePlace) {
  const note = beginNote(place);
  while (note.mark !== "");
  return endNote(note, 0);
}

async function failsAtFirst(place: NotePlace, failures: number, ms: number) {
  const note = beginNote(place);
  await pause(ms);
  if (note.attempt > failures) return endNote(note, "in the end");
  writeNote(note, Date.now(), "throw");
  throw new Error("on purpose");
}

/** It declines one engine, whichever is the first: the file says that it has been there. */
async function declinesAtFirst(place: NotePlace, seen: string) {
  const note = beginNote(place);
  await pause(5);
  try {
    Deno.writeTextFileSync(seen, "", { createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return endNote(note, "taken");
    throw error;
  }
  writeNote(note, Date.now(), "decline");
  throw new UnmetDependency("not the first time");
}

async function reversed(place: NotePlace, bytes: Uint8Array) {
  const note = beginNote(place);
  await pause(1);
  return endNote(note, bytes.toReversed());
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

async function map(work: JobWork): Promise<void> {
  const { draw } = work;
  const xs = range(draw.between(5, 120));
  const retries = draw.below(3);
  const ms = draw.below(30);
  const flags = { retries, chunksize: draw.between(1, 8) };
  const parts = work.view.with(flags).map(triple, xs.map((x) => work.place(x)), xs, xs.map(() => ms)).split();
  await Promise.all(parts.map(async (part, x) => work.check(x, await work.follow(x, part, { retries }), 3 * x)));
}

/** Keeps engines busy, so that a fault finds something to hit. */
async function steady(work: JobWork): Promise<void> {
  const { draw } = work;
  const xs = range(draw.between(4, 12));
  const ms = draw.between(100, 500);
  const parts = work.view.with({ retries: 6 }).map(triple, xs.map((x) => work.place(x)), xs, xs.map(() => ms)).split();
  await Promise.all(
    parts.map(async (part, x) => work.check(x, await work.follow(x, part, { retries: 6 }), 3 * x)),
  );
}

/** A loop that is left early: what is in flight is aborted, and nobody looks at it. */
async function leave(work: JobWork): Promise<void> {
  const { draw } = work;
  const wanted = draw.between(1, 40);
  const places = range(200).map((x) => work.place(x));
  let next = 0;
  try {
    for await (
      const { value } of work.view.with({ retries: 5 }).imap(
        triple,
        places,
        range(200),
        range(200).map(() => 2),
      )
    ) {
      if (value !== 3 * next) work.wrong(next, `its value is ${value}`);
      if (++next === wanted) break;
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "EngineError") work.wrong(next, `it ended with ${error}`);
  }
}

async function abort(work: JobWork): Promise<void> {
  const { draw } = work;
  const result = work.view.with({ retries: draw.below(2) }).apply(endless, work.place(0));
  const timer = setTimeout(() => result.abort(), draw.between(20, 1_500));
  const end = await work.follow(0, result, { retries: 1, mayFail: ["TaskAborted"] });
  clearTimeout(timer);
  if (end.ok) work.wrong(0, "it has a value, though it never ends");
}

async function loop(work: JobWork): Promise<void> {
  const { draw } = work;
  const retries = draw.below(2);
  const result = work.view.with({ maxRuntime: draw.between(50, 250), retries }).apply(busyLoop, work.place(0));
  const end = await work.follow(0, result, { retries, mayFail: ["TaskTimeout"] });
  if (end.ok) work.wrong(0, "it has a value, though it never ends");
}

async function late(work: JobWork): Promise<void> {
  const { draw } = work;
  const xs = range(draw.between(1, 25));
  const timeout = draw.between(100, 2_000);
  const parts = work.view.with({ timeout }).map(triple, xs.map((x) => work.place(x)), xs, xs.map(() => 40)).split();
  const follow = (x: number) => work.follow(x, parts[x] ?? never(), { mayFail: ["DependencyTimeout"] });
  await Promise.all(xs.map(async (x) => work.check(x, await follow(x), 3 * x)));
}

async function retry(work: JobWork): Promise<void> {
  const { draw } = work;
  const failures = draw.between(1, 3);
  const retries = failures + draw.below(3);
  const backoff = draw.below(2) === 0 ? null : { initial: draw.between(10, 300), jitter: 0.5 };
  const result = work.view.with({ retries, backoff }).apply(failsAtFirst, work.place(0), failures, draw.below(40));
  // Deaths may take the attempts that were left for it.
  work.check(0, await work.follow(0, result, { retries, mayFail: ["RemoteError"] }), "in the end");
}

async function throws(work: JobWork): Promise<void> {
  const result = work.view.apply(failsAtFirst, work.place(0), 1_000, work.draw.below(40));
  const end = await work.follow(0, result, { mayFail: ["RemoteError"] });
  if (end.ok) work.wrong(0, "it has a value, though it throws");
}

async function decline(work: JobWork): Promise<void> {
  const place = work.place(0);
  const result = work.view.with({ retries: 1 }).apply(declinesAtFirst, place, `${place.file}.${place.id}`);
  work.check(0, await work.follow(0, result, { retries: 1 }), "taken");
}

async function big(work: JobWork): Promise<void> {
  const { draw } = work;
  const bytes = Uint8Array.from({ length: draw.between(70_000, 3_000_000) }, (_, at) => (at * 7 + (at >> 8)) & 255);
  const retries = draw.below(3);
  const end = await work.follow(0, work.view.with({ retries }).apply(reversed, work.place(0), bytes), { retries });
  if (!end.ok) return;
  const back = end.noted.value;
  const right = back.length === bytes.length && back.every((byte, at) => byte === bytes[bytes.length - 1 - at]);
  if (!right) work.wrong(0, `${bytes.length} bytes came back as ${back.length}, or as others`);
}

function never(): never {
  throw new RangeError("Cannot follow a task that is not there.");
}

/** By name. */
export const PLAIN_JOBS: Readonly<Record<string, Job>> = {
  map,
  steady,
  leave,
  abort,
  loop,
  late,
  retry,
  throws,
  decline,
  big,
};
