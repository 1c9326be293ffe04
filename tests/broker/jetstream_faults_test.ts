/** The JetStream adapter under faults and limits: servers that go and come, other leaders, no room, no rights. @module */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { jetstreamManager } from "../../deps/nats_jetstream.ts";
import { openJetStream } from "../../store/jetstream/open_jetstream.ts";
import type { Store } from "../../store/store.ts";
import { within } from "../../testing/within.ts";
import { systemClock } from "../../wire/clock.ts";
import { contentHash } from "../../wire/content_hash.ts";
import { appendAll, bytesOf, piecesOf, readJournal, readRecords } from "../unit/store/conformance/store_reading.ts";
import { JetStreamPlace, jetStreamTest } from "./jetstream_place.ts";

/** Appends numbered entries, some of them together, until `stop`; gives how many were confirmed. */
async function appendUntil(store: Store, stop: () => boolean): Promise<number> {
  let next = 0;
  while (!stop()) {
    await Promise.all(Array.from({ length: 7 }, () => store.journal.append(bytesOf(String(next++)))));
  }
  return next;
}

async function readNumbers(place: JetStreamPlace): Promise<number[]> {
  await using store = await place.open();
  return (await readJournal(store.journal)).map((line) => Number(line.slice("entry ".length)));
}

function countUp(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

jetStreamTest("jetstream: whoever opened last is the only one that can write, whatever was under way", async () => {
  await using place = await JetStreamPlace.make();
  await using first = await place.open();
  await appendAll(first, "a");
  await first.records.change([["row", bytesOf("first")]]);
  let confirmed = 0;
  const appending = (async () => {
    for (;;) {
      await Promise.all(Array.from({ length: 7 }, () => first.journal.append(bytesOf("x".repeat(100_000)))));
      confirmed += 7;
    }
  })();
  await using second = await place.open();
  await rejects(appending, { name: "StoreError", message: /another controller leads/ });
  await rejects(first.journal.append(bytesOf("late")), {
    name: "StoreError",
    message: 'Cannot write the store of "test" in JetStream: another controller leads by now; this one must not go on.',
  });
  await rejects(first.records.change([["row", bytesOf("late")]]), { name: "StoreError", message: /another .* leads/ });
  match((await first.lost).message, /another controller leads/);
  const found = (await readJournal(second.journal)).filter((line) => line.startsWith("entry"));
  ok(found.length > confirmed, "all that was confirmed is there");
  equal(found.length, (await readJournal(second.journal)).length, "and nothing came after the opening");
  await appendAll(second, "b");
  deepEqual(await readRecords(second.records), ["row=first"]);
});

jetStreamTest(
  "jetstream: a controller that was deposed can neither put its snapshot in place nor delete blobs",
  async () => {
    await using place = await JetStreamPlace.make();
    await using first = await place.open();
    const blob = bytesOf("function () {}");
    await first.blobs.put(contentHash(blob), blob);
    await appendAll(first, "a", "b");
    const gate = Promise.withResolvers<void>();
    const snapshot = first.journal.snapshot(async function* () {
      await gate.promise;
      yield bytesOf("late");
    }());
    await using second = await place.open();
    gate.resolve();
    await rejects(snapshot, { name: "StoreError", message: /another controller leads/ });
    await rejects(first.blobs.delete([contentHash(blob)]), { name: "StoreError", message: /another controller leads/ });
    deepEqual(await readJournal(second.journal), ["entry a", "entry b"]);
    deepEqual(await second.blobs.get(contentHash(blob)), blob);
  },
);

jetStreamTest("jetstream: a server that is killed and comes back loses and doubles nothing", async () => {
  await using place = await JetStreamPlace.make();
  let confirmed = 0;
  {
    await using store = await place.open();
    let isOver = false;
    const appending = appendUntil(store, () => isOver);
    for (let round = 0; round < 3; round++) {
      await store.records.change([[`before ${round}`, bytesOf("+")]]);
      await place.server.kill();
      const duringOutage = store.records.change([[`during ${round}`, bytesOf("+")]]);
      await place.server.restart();
      await duringOutage;
    }
    isOver = true;
    confirmed = await within(appending, "the last appends", 20_000);
    equal((await readRecords(store.records)).length, 6);
  }
  deepEqual(await readNumbers(place), countUp(confirmed));
});

jetStreamTest("jetstream: a server that hangs longer than an attempt waits loses and doubles nothing", async () => {
  await using place = await JetStreamPlace.make();
  let confirmed = 0;
  {
    const failed = Promise.withResolvers<void>();
    const setTimer: typeof systemClock.setTimer = (fire, delayMs) => {
      failed.resolve();
      return systemClock.setTimer(fire, delayMs);
    };
    await using store = await place.open("process", { clock: { ...systemClock, setTimer } });
    let isOver = false;
    const appending = appendUntil(store, () => isOver);
    await store.records.change([["a", bytesOf("b")]]);
    place.server.pause();
    // An attempt has failed, and there will be another: the server finds both when it goes on.
    await within(failed.promise, "an attempt to fail");
    place.server.resume();
    isOver = true;
    confirmed = await within(appending, "the last appends", 20_000);
  }
  deepEqual(await readNumbers(place), countUp(confirmed));
});

jetStreamTest(
  "jetstream: a server that stays away fails what waits after the patience, and everything from then on",
  async () => {
    await using place = await JetStreamPlace.make();
    await using store = await place.open("process", { patience: 500 });
    await appendAll(store, "a");
    await place.server.kill();
    await rejects(store.journal.append(bytesOf("b")), {
      name: "StoreError",
      message: /^Cannot write the store of "test" in JetStream: .*see whether the server runs/,
    });
    ok(await store.lost);
    await rejects(store.records.change([["a", bytesOf("b")]]), { name: "StoreError" });
  },
);

jetStreamTest("jetstream: entries, rows, pieces and blobs larger than the server's messages go in parts", async () => {
  await using place = await JetStreamPlace.make({ config: "max_payload: 8192" });
  const big = bytesOf("0123456789".repeat(10_000));
  {
    await using store = await place.open();
    await Promise.all([
      store.journal.append(bytesOf("a")),
      store.journal.append(big),
      store.journal.append(bytesOf("z")),
    ]);
    await store.records.change([["row", big], ["small", bytesOf("1")]]);
    await store.blobs.put(contentHash(big), big);
  }
  {
    await using store = await place.open();
    deepEqual((await readJournal(store.journal)).map((line) => line.length), [7, 6 + big.length, 7]);
    equal((await readRecords(store.records))[0]?.length, 4 + big.length);
    deepEqual(await store.blobs.get(contentHash(big)), big);
    await store.journal.snapshot(piecesOf("x", "y".repeat(50_000)));
  }
  await using store = await place.open();
  deepEqual((await readJournal(store.journal)).map((line) => line.length), [10, 9 + 50_000]);
});

jetStreamTest("jetstream: what a snapshot replaced is purged, and so is what was left of another", async () => {
  await using place = await JetStreamPlace.make();
  const manager = await jetstreamManager(await place.connect());
  const count = async (role: string) => (await manager.streams.info(`TROUPE_test_${role}`)).state.messages;
  await using store = await place.open();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 20; i++) await appendAll(store, "x".repeat(1_000));
    await store.journal.snapshot(piecesOf("one", "two"));
  }
  ok(await count("journal") < 5, `${await count("journal")} messages in the journal`);
  equal(await count("snapshots"), 2);
  const half = Promise.withResolvers<void>();
  const never = store.journal.snapshot(async function* () {
    yield new Uint8Array(700_000);
    half.resolve();
    await new Promise((_, reject) => void store.lost.then(reject));
  }());
  await half.promise;
  await using _second = await place.open();
  await rejects(store.journal.append(bytesOf("late")), { name: "StoreError" });
  await Promise.allSettled([never]);
  equal(await count("snapshots"), 2);
});

jetStreamTest("jetstream: rows that are changed again and again do not fill the stream", async () => {
  await using place = await JetStreamPlace.make();
  const manager = await jetstreamManager(await place.connect());
  const row = (round: number) => bytesOf(`${round} `.padEnd(50_000, "x"));
  {
    await using store = await place.open();
    await store.records.change([["kept", bytesOf("from the start")], ["gone", bytesOf("-")]]);
    for (let round = 0; round < 40; round++) {
      await store.records.change(["a", "b", "c", "d", "e", "f"].map((id) => [id, row(round)]));
      if (round === 20) await store.records.change([["gone", null]]);
    }
  }
  const { bytes } = (await manager.streams.info("TROUPE_test_records")).state;
  ok(bytes < 6_500_000, `${bytes} bytes are left of 12 MB`);
  await using store = await place.open();
  const rows = await readRecords(store.records);
  deepEqual(rows.map((line) => line.slice(0, 8)), [
    "kept=fro",
    ...["a", "b", "c", "d", "e", "f"].map((id) => `${id}=39 xxx`),
  ]);
});

jetStreamTest("jetstream: a server or an account without JetStream is refused", async () => {
  await using place = await JetStreamPlace.make({ jetstream: false });
  await rejects(place.open(), {
    name: "StoreError",
    message: /^Cannot open the store of "test" in JetStream: JetStream is not enabled there, .*; enable it/,
  });
  const config = 'accounts { A: { jetstream: disabled, users: [{ user: "a", password: "a" }] }, SYS: {} }';
  await using other = await JetStreamPlace.make({ config });
  const connection = await other.connect({ user: "a", pass: "a" });
  await rejects(openJetStream(connection, { cluster: "test", durability: "process" }), {
    name: "StoreError",
    message: /JetStream is not enabled there/,
  });
});

jetStreamTest(
  "jetstream: credentials that may not use the subjects are refused, and the subject is named",
  async () => {
    const permissions = { publish: ["troupe.>"], subscribe: ["_INBOX.>"] };
    await using place = await JetStreamPlace.make({ auth: { users: [{ user: "a", pass: "a", permissions }] } });
    const connection = await place.connect({ user: "a", pass: "a" });
    await rejects(openJetStream(connection, { cluster: "test", durability: "process" }), {
      name: "StoreError",
      message: /credentials may not use "\$JS\.API\.INFO"; allow it/,
    });
  },
);

jetStreamTest("jetstream: where there is no room more is refused, and nothing old goes for something new", async () => {
  await using place = await JetStreamPlace.make();
  {
    await using store = await place.open("process", { maxBytes: 400_000 });
    await appendAll(store, "first");
    const failing = (async () => {
      for (let i = 0; i < 100; i++) await store.journal.append(new Uint8Array(20_000));
    })();
    await rejects(failing, { name: "StoreError", message: /Cannot write .* there is no room .*; raise the limits/ });
    ok(await store.lost);
  }
  await using store = await place.open("process", { maxBytes: 10_000_000 });
  equal((await readJournal(store.journal))[0], "entry first");
  await appendAll(store, "more");
});

jetStreamTest("jetstream: an account with too little room is refused at the opening", async () => {
  const config = 'accounts { A: { jetstream: { max_streams: 2 }, users: [{ user: "a", password: "a" }] }, SYS: {} }';
  await using place = await JetStreamPlace.make({ config });
  const connection = await place.connect({ user: "a", pass: "a" });
  await rejects(openJetStream(connection, { cluster: "test", durability: "process" }), {
    name: "StoreError",
    message: /Cannot open .* there is no room .*raise the limits of the account/,
  });
});

jetStreamTest("jetstream: streams of a newer schema, or of somebody else, are refused", async () => {
  await using place = await JetStreamPlace.make();
  const manager = await jetstreamManager(await place.connect());
  const name = "TROUPE_test_journal";
  await manager.streams.add({
    name,
    subjects: ["troupe-store.test.journal.>"],
    description: "Troupe store, schema 9: x",
  });
  await rejects(place.open(), { name: "StoreError", message: /newer version .*"TROUPE_test_journal" \(schema 9, / });
  await manager.streams.update(name, { description: "letters" });
  await rejects(place.open(), { name: "StoreError", message: /"TROUPE_test_journal" that is not Troupe's/ });
});

jetStreamTest("jetstream: two clusters on one server know nothing of each other", async () => {
  await using place = await JetStreamPlace.make();
  await using one = await place.open();
  await using two = await place.open("process", { cluster: "test-2" });
  await appendAll(one, "one");
  await appendAll(two, "two");
  await using again = await place.open();
  deepEqual(await readJournal(again.journal), ["entry one"]);
});
