import assert from "node:assert/strict";
import type { Fact } from "../../../../protocol/facts.ts";
import type { ContentHash, EngineId, Epoch, HostId, TaskId } from "../../../../protocol/ids.ts";
import { DEFAULT_FLAGS, type Payload, type TaskTemplate } from "../../../../protocol/task_spec.ts";
import { openJournal } from "../../../../scheduler/journal/open_journal.ts";
import type { Journal } from "../../../../store/journal.ts";
import { MemoryContents, openMemory } from "../../../../store/memory_store.ts";
import type { Store } from "../../../../store/store.ts";
import { contentHash } from "../../../../wire/content_hash.ts";
import { VALUE } from "../../core/given.ts";

const CODE = new TextEncoder().encode("(x) => x");
const HASH = contentHash(CODE);

function template(captures: Payload | null = null): TaskTemplate {
  return { code: HASH, name: "f", flags: { ...DEFAULT_FLAGS, retries: 2 }, captures };
}

function accepted(counter: number, of = template()): Fact {
  const spec = { id: `aaaaaaaaaa-${counter}` as TaskId, template: of, args: new Uint8Array([counter]) };
  return { kind: "task-accepted", at: 10, spec, submittedAt: 10 + counter };
}

function settled(counter: number): Fact {
  const outcome = { kind: "done", value: VALUE } as const;
  const task = `aaaaaaaaaa-${counter}` as TaskId;
  return { kind: "task-settled", at: 20, task, outcome, engine: 0 as EngineId, uuid: null, attempts: 1, report: null };
}

function forgotten(counter: number): Fact {
  return { kind: "task-forgotten", at: 30, task: `aaaaaaaaaa-${counter}` as TaskId };
}

function failed(counter: number): Fact {
  const task = `aaaaaaaaaa-${counter}` as TaskId;
  return { kind: "attempt-failed", at: 15, task, engine: 3 as EngineId, reason: "it threw", error: VALUE };
}

async function open(store: Store, waits = true) {
  const opened = await openJournal(store, { waits, log: () => {} });
  opened.writer.findCode((hash) => hash === HASH ? CODE : null);
  return opened;
}

/** What a later life reads from the same contents. */
async function readAgain(contents: MemoryContents) {
  await using store = openMemory(contents);
  const { ledger, codes, damage, writer } = await open(store);
  await using _ = writer;
  const tasks = ledger.tasks().map(({ spec, failures, lastFailure, settled }) => [
    spec.id,
    settled?.outcome.kind ?? (lastFailure === null ? "live" : `failed on ${lastFailure.engine}`),
    failures,
  ]);
  return { ledger, codes, damage, tasks };
}

Deno.test("a later life reads tasks, failures, outcomes, hosts with engines, engine ids, the epoch and the code", async () => {
  const contents = new MemoryContents();
  {
    await using store = openMemory(contents);
    await using writer = (await open(store)).writer;
    writer.write([
      { kind: "epoch-began", at: 1, epoch: 7 as Epoch },
      { kind: "host-joined", at: 1, host: "h1" as HostId, hostname: "box", pid: 1, packageVersion: "0" },
      { kind: "host-joined", at: 1, host: "h2" as HostId, hostname: "box", pid: 2, packageVersion: "0" },
      { kind: "host-joined", at: 1, host: "idle" as HostId, hostname: "box", pid: 3, packageVersion: "0" },
      { kind: "engine-expected", at: 1, engine: 3 as EngineId, host: "h2" as HostId },
      { kind: "engine-expected", at: 1, engine: 4 as EngineId, host: "h1" as HostId },
      { kind: "host-lost", at: 2, host: "h2" as HostId, reason: "silent" },
    ]);
    writer.write([accepted(0), accepted(1), accepted(2), failed(1), settled(2)]);
  }
  const { ledger, codes, tasks, damage } = await readAgain(contents);
  assert.deepEqual(damage, []);
  assert.deepEqual(tasks, [
    ["aaaaaaaaaa-0", "live", 0],
    ["aaaaaaaaaa-1", "failed on 3", 1],
    ["aaaaaaaaaa-2", "done", 0],
  ]);
  assert.deepEqual([ledger.epoch, ledger.hosts, ledger.nextEngineId], [7, ["h1"], 5]);
  assert.deepEqual(codes.get(HASH), CODE);
});

Deno.test("what is promised waits until its facts are written, in order; with durability none it does not", async () => {
  for (const waits of [true, false]) {
    await using inner = openMemory();
    const gate = Promise.withResolvers<void>();
    const journal: Journal = {
      read: () => inner.journal.read(),
      append: (entry) => gate.promise.then(() => inner.journal.append(entry)),
      snapshot: (pieces) => inner.journal.snapshot(pieces),
      tailBytes: 0,
    };
    const store: Store = { ...inner, journal, [Symbol.asyncDispose]: () => Promise.resolve() };
    await using writer = (await open(store, waits)).writer;
    const done: string[] = [];
    writer.whenDurable(() => done.push("nothing to wait for"));
    writer.write([accepted(0)]);
    writer.whenDurable(() => done.push("first"));
    writer.write([settled(0)]);
    const last = Promise.withResolvers<void>();
    writer.whenDurable(() => (done.push("second"), last.resolve()));
    const atOnce = ["nothing to wait for", "first", "second"];
    assert.deepEqual(done, waits ? atOnce.slice(0, 1) : atOnce);
    gate.resolve();
    await last.promise;
    assert.deepEqual(done, atOnce);
  }
});

Deno.test("a snapshot takes the place of the entries, and finished tasks become rows that go when they are forgotten", async () => {
  const contents = new MemoryContents();
  const big = template(new Uint8Array(2_000));
  {
    await using store = openMemory(contents);
    await using writer = (await open(store)).writer;
    writer.write([accepted(0, big), accepted(1, big), accepted(2), failed(2), settled(0), settled(1)]);
    await new Promise<void>((resolve) => writer.whenDurable(resolve));
    await writer.compact();
    assert.deepEqual([...contents.rows.keys()], ["aaaaaaaaaa-0", "aaaaaaaaaa-1"]);
    assert.deepEqual(contents.entries, []);
    // The big template is written once, beside the code.
    assert.equal(contents.blobs.size, 2);
    for (const row of contents.rows.values()) assert.ok(row.length < 500, `a row of ${row.length} bytes`);
    writer.write([forgotten(0), accepted(3)]);
  }
  const first = await readAgain(contents);
  const expected = [["aaaaaaaaaa-1", "done", 0], ["aaaaaaaaaa-2", "failed on 3", 1], ["aaaaaaaaaa-3", "live", 0]];
  assert.deepEqual(first.tasks, expected);
  assert.equal(first.ledger.get("aaaaaaaaaa-1" as TaskId)?.spec.template.captures instanceof Uint8Array, true);
  {
    await using store = openMemory(contents);
    await using writer = (await open(store)).writer;
    await writer.compact();
    assert.deepEqual([...contents.rows.keys()], ["aaaaaaaaaa-1"]);
    writer.write([forgotten(1)]);
    await new Promise<void>((resolve) => writer.whenDurable(resolve));
    await writer.compact();
    assert.deepEqual([...contents.rows.keys()], []);
    assert.deepEqual([...contents.blobs.keys()] as ContentHash[], [HASH], "the big template goes with its last task");
  }
  const { tasks, ledger } = await readAgain(contents);
  assert.deepEqual(tasks, expected.slice(1));
  assert.deepEqual(ledger.sessions(), [{ session: "aaaaaaaaaa", forgotten: [[0, 1]] }]);
});

Deno.test("a long journal is replaced by a snapshot by itself, and nothing is counted twice", async () => {
  const contents = new MemoryContents();
  {
    await using store = openMemory(contents);
    const { writer } = await openJournal(store, { waits: true, log: () => {}, snapshotBytes: 2_000 });
    await using _ = writer;
    writer.findCode(() => CODE);
    for (let counter = 0; counter < 400; counter++) {
      writer.write([accepted(counter), failed(counter)]);
      if (counter % 7 === 0) await new Promise<void>((resolve) => writer.whenDurable(resolve));
    }
  }
  assert.ok(contents.snapshot.length > 0, "a snapshot was made");
  const { tasks } = await readAgain(contents);
  assert.deepEqual(tasks, Array.from({ length: 400 }, (_, n) => [`aaaaaaaaaa-${n}`, "failed on 3", 1]));
});

Deno.test("entries that make no sense are told of and cost only themselves", async () => {
  const contents = new MemoryContents();
  {
    await using store = openMemory(contents);
    await using writer = (await open(store)).writer;
    writer.write([accepted(0)]);
    await new Promise<void>((resolve) => writer.whenDurable(resolve));
    await store.journal.append(new Uint8Array([0xc1, 1, 2]));
    writer.write([accepted(1)]);
  }
  const { tasks, damage } = await readAgain(contents);
  assert.deepEqual(tasks.map(([id]) => id), ["aaaaaaaaaa-0", "aaaaaaaaaa-1"]);
  assert.equal(damage.length, 1);
  assert.match(damage[0] ?? "", /^journal entry: Cannot decode/);
});

Deno.test("rows that could not be written are written with the next snapshot, and none that was forgotten meanwhile stays", async () => {
  const contents = new MemoryContents();
  {
    await using inner = openMemory(contents);
    let failures = 2;
    const records = {
      all: () => inner.records.all(),
      change: async (changes: Parameters<typeof inner.records.change>[0]) => {
        if (failures-- > 0) throw new Error("the server is away");
        await inner.records.change(changes);
      },
    };
    const store: Store = { ...inner, records, [Symbol.asyncDispose]: () => Promise.resolve() };
    await using writer = (await open(store)).writer;
    writer.write([accepted(0), accepted(1), settled(0), settled(1)]);
    await new Promise<void>((resolve) => writer.whenDurable(resolve));
    await assert.rejects(writer.compact(), /the server is away/);
    assert.ok(contents.entries.length > 0, "what was there still counts");
    writer.write([forgotten(0)]);
    await new Promise<void>((resolve) => writer.whenDurable(resolve));
    await assert.rejects(writer.compact(), /the server is away/);
    await writer.compact();
    assert.deepEqual([...contents.rows.keys()], ["aaaaaaaaaa-1"]);
  }
  assert.deepEqual((await readAgain(contents)).tasks, [["aaaaaaaaaa-1", "done", 0]]);
});

Deno.test("a writer whose store does not take the code of a task says so, and lets nothing leave", async () => {
  await using inner = openMemory();
  const blobs: Store["blobs"] = {
    put: () => Promise.reject(new Error("the server is away")),
    get: (hash) => inner.blobs.get(hash),
    delete: (hashes) => inner.blobs.delete(hashes),
    list: () => inner.blobs.list(),
  };
  await using writer = (await open({ ...inner, blobs, [Symbol.asyncDispose]: () => Promise.resolve() })).writer;
  const left: string[] = [];
  writer.write([accepted(0)]);
  writer.whenDurable(() => left.push("an outcome"));
  assert.match((await writer.failed).message, /the server is away/);
  assert.deepEqual(left, []);
});
