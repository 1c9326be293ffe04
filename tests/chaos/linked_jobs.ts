/** The jobs of the mixed load whose tasks need each other or a certain engine: graphs, inputs, nested, direct. @module */
import { type AsyncResult, currentTask, Dependency } from "../../mod.ts";
import type { Job, JobWork } from "./job.ts";
import { beginNote, endNote, type Noted, type NotePlace, pause, writeNote } from "./noted_task.ts";
import type { TaskEnd } from "./ledger.ts";

async function node(place: NotePlace, fails: boolean, ms: number) {
  const note = beginNote(place);
  await pause(ms);
  if (!fails) return endNote(note, place.id);
  writeNote(note, Date.now(), "throw");
  throw new Error("on purpose");
}

async function sum(place: NotePlace, inputs: readonly Noted<number>[], filling: Uint8Array) {
  const note = beginNote(place);
  await pause(filling.length % 10);
  return endNote(note, inputs.reduce((total, { value }) => total + value, 1));
}

async function child(place: NotePlace, x: number, ms: number) {
  const note = beginNote(place);
  await pause(ms);
  return endNote(note, x + 1);
}

async function parent(place: NotePlace, xs: readonly number[], inner: typeof child) {
  const note = beginNote(place);
  const view = currentTask().client.loadBalancedView().with({ retries: 3 });
  const places = xs.map((x) => ({ file: place.file, id: `${place.id}@${note.mark}/${x}` }));
  const found = await view.map(inner, places, xs, xs.map(() => 5));
  return endNote(note, found.map(({ value }) => value).reduce((one, other) => one + other, 0));
}

/** `shared`: several engines run it under one name. */
async function whereAmI({ file, id }: NotePlace, ms: number, shared: boolean) {
  const note = beginNote({ file, id: shared ? `${id}@${currentTask().engineId}` : id });
  await pause(ms);
  return endNote(note, currentTask().engineId);
}

interface Knot {
  readonly needs: readonly number[];
  readonly any: boolean;
  readonly end: TaskEnd<string>;
}

/** Whether an end fits those of what it waited for. */
function graphFault({ needs, any, end }: Knot, ends: readonly TaskEnd<string>[]): string | null {
  const of = needs.map((need) => ends[need]).filter((one) => one !== undefined);
  const done = of.flatMap((one) => one.ok ? [one.noted] : []);
  const met = any ? needs.length === 0 || done.length > 0 : done.length === of.length;
  if (!end.ok) {
    return met === (end.error.name === "ImpossibleDependency")
      ? `it ended with ${end.error.name} though ${done.length} of its ${of.length} were done`
      : null;
  }
  if (!met) return `it ran though only ${done.length} of its ${of.length} were done`;
  const { began } = end.noted;
  const before = (one: Noted<string>) => one.ended <= began;
  const inOrder = any ? needs.length === 0 || done.some(before) : done.every(before);
  return inOrder ? null : "it began before what it waits for had ended";
}

async function graph(work: JobWork): Promise<void> {
  const { draw } = work;
  const size = draw.between(3, 24);
  const results: AsyncResult<Noted<string>>[] = [];
  const knots: Promise<Knot>[] = [];
  for (let index = 0; index < size; index++) {
    const needs = [...new Set(Array.from({ length: draw.below(4) }, () => draw.below(Math.max(1, index))))]
      .filter((need) => need < index);
    const any = draw.below(4) === 0;
    const retries = draw.below(3);
    const fails = draw.below(15) === 0;
    const after = new Dependency(needs.flatMap((need) => results[need] ?? []), { all: !any });
    const result = work.view.with({ after, retries }).apply(node, work.place(index), fails, draw.below(40));
    results.push(result);
    const mayFail = ["ImpossibleDependency", ...(fails ? ["RemoteError"] : [])];
    knots.push(work.follow(index, result, { retries, mayFail }).then((end) => ({ needs, any, end })));
  }
  const found = await Promise.all(knots);
  found.forEach((knot, index) => {
    const fault = graphFault(knot, found.map(({ end }) => end));
    if (fault !== null) work.wrong(index, fault);
  });
}

async function inputs(work: JobWork): Promise<void> {
  const { draw } = work;
  const levels = draw.between(2, 5);
  const width = draw.between(1, 4);
  const filling = () => new Uint8Array(draw.below(3) === 0 ? draw.between(70_000, 400_000) : draw.below(100));
  const retries = draw.below(3);
  const mayFail = ["ImpossibleDependency"];
  const view = work.view.with({ retries });
  let below: AsyncResult<Noted<number>>[] = [];
  let wanted = 0;
  const ends: Promise<void>[] = [];
  for (let level = 0; level < levels; level++) {
    wanted = 1 + below.length * wanted;
    const right = wanted;
    const above: AsyncResult<Noted<number>>[] = [];
    for (let index = 0; index < width; index++) {
      const name = `${level}-${index}`;
      const result = view.apply(sum, work.place(name), below, filling());
      above.push(result);
      ends.push(work.follow(name, result, { retries, mayFail }).then((end) => work.check(name, end, right)));
    }
    below = above;
  }
  await Promise.all(ends);
}

async function nested(work: JobWork): Promise<void> {
  const { draw } = work;
  const xs = Array.from({ length: draw.between(1, 8) }, (_, index) => index);
  const retries = draw.between(1, 3);
  const result = work.view.with({ retries }).apply(parent, work.place(0), xs, child);
  // Its own tasks may fail with what a fault brings, and its client may lose the controller.
  const end = await work.follow(0, result, { retries, mayFail: ["RemoteError"] });
  work.check(0, end, xs.reduce((total, x) => total + x + 1, 0));
}

async function direct(work: JobWork): Promise<void> {
  const { client, draw } = work;
  const ids = client.ids;
  if (ids.length === 0) return;
  const gone = ["NoEnginesRegistered"];
  const one = draw.pick(ids);
  const single = work.follow("one", client.at(one).apply(whereAmI, work.place("one"), draw.below(20), false), {
    mayFail: gone,
  });
  const parts = client.directView(ids).apply(whereAmI, work.place("many"), draw.below(20), true).split();
  // Their notes have the same names.
  const follow = (index: number, part: AsyncResult<Noted<number>>) =>
    work.follow(`many@${ids[index]}`, part, { mayFail: gone });
  const many = parts.map(async (part, index) =>
    work.check(`many@${ids[index]}`, await follow(index, part), ids[index] ?? -1)
  );
  work.check("one", await single, one);
  await Promise.all(many);
}

/** By name. */
export const LINKED_JOBS: Readonly<Record<string, Job>> = { graph, inputs, nested, direct };
