import assert from "node:assert/strict";
import { Actor } from "../../../actors/actor.ts";
import { ActorSystem } from "../../../actors/actor_system.ts";
import type { Ref } from "../../../actors/ref.ts";
import { MemoryBroker } from "../../../bus/memory_bus.ts";
import { Client } from "../../../client/client.ts";
import type { NodeRole } from "../../../protocol/subjects.ts";
import { contentHash } from "../../../wire/content_hash.ts";
import type { ContentHash, Epoch, Session, TaskId } from "../../../protocol/ids.ts";
import type { ClientHello, ClientWelcome, DirectMessage, SubmitMessage } from "../../../protocol/messages.ts";
import type { ClientApi } from "../../../protocol/roles.ts";
import { PACKAGE_VERSION } from "../../../protocol/version.ts";
import { ConnectionError, VersionMismatch } from "../../../wire/errors.ts";
import { encodeValue } from "../../../wire/value_codec.ts";
import { engineMessage } from "./fake_cluster.ts";

const SESSION = "actorstest" as Session;

/** What the actors of a test share. */
class Seen {
  readonly hellos: ClientHello[] = [];
  readonly submitted: number[] = [];
  readonly aborted: TaskId[] = [];
  readonly detached: Session[] = [];
  readonly pieces: number[] = [];
  /** Submitted tasks are left alone. */
  holds = false;
  refuses = false;
  /** The host ends right after it has run its tasks. */
  hostEnds = false;
  #watchers: (() => void)[] = [];

  changed(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }
}

class SchedulerStandIn extends Actor {
  readonly #seen: Seen;
  readonly #epoch: Epoch;
  #client: Ref<ClientApi> | null = null;

  constructor(seen: Seen, epoch: number) {
    super();
    this.#seen = seen;
    this.#epoch = epoch as Epoch;
  }

  attachClient(hello: ClientHello): ClientWelcome {
    if (this.#seen.refuses) throw new VersionMismatch("Protocol 2 there, 1 here.");
    this.#seen.hellos.push(hello);
    this.#client = this.context.system.refAt<ClientApi>(`client.${hello[3]}`, "client");
    this.#seen.changed();
    return [this.#epoch, PACKAGE_VERSION, [engineMessage(0)], 1000];
  }

  submit([, , , rows]: SubmitMessage): void {
    for (const [counter] of rows) {
      this.#seen.submitted.push(counter);
      if (!this.#seen.holds) this.#settle(counter, encodeValue(this.#epoch * 100 + counter));
    }
    this.#seen.changed();
  }

  abort(ids: readonly TaskId[]): void {
    this.#seen.aborted.push(...ids);
    this.#client?.cast.settled(this.#epoch, [[0, 2, ["TaskAborted", "Aborted."], null, null, 0, 0, 0]]);
  }

  detachClient(session: Session): void {
    this.#seen.detached.push(session);
    this.#seen.changed();
  }

  #settle(counter: number, body: Uint8Array): void {
    this.#client?.cast.settled(this.#epoch, [[counter, 0, body, null, null, 1, 1, 0]]);
  }
}

class HostStandIn extends Actor {
  readonly #seen: Seen;

  constructor(seen: Seen) {
    super();
    this.#seen = seen;
  }

  putBlob(_upload: string, size: number, offset: number, bytes: Uint8Array): ContentHash | null {
    this.#seen.pieces.push(bytes.length);
    return offset + bytes.length < size ? null : contentHash(bytes);
  }

  direct([, , , runs]: DirectMessage): void {
    const client = this.context.system.refAt<ClientApi>(this.context.sender, "client");
    for (const [counter, engine] of runs) {
      client.cast.directSettled([[counter, 0, encodeValue("direct"), engine, null, 1, 1, 0]]);
    }
    if (this.#seen.hostEnds) this.context.stop();
  }
}

async function joined(broker: MemoryBroker, role: NodeRole, node: string): Promise<ActorSystem> {
  const heartbeatMs = 100;
  return await ActorSystem.connect({ name: "t", bus: broker.connect(), role, node, codec: "plain", heartbeatMs });
}

/** A controller, a host and a client on one bus. */
async function withCluster(run: (seen: Seen, client: Client, parts: Parts) => Promise<void>): Promise<void> {
  const seen = new Seen();
  const broker = new MemoryBroker();
  await using controller = await joined(broker, "controller", "c1");
  await controller.spawn(SchedulerStandIn, { name: "scheduler", unique: true, args: [seen, 1] });
  await using host = await joined(broker, "host", "h1");
  await host.spawn(HostStandIn, { name: "host", unique: false, args: [seen] });
  await using system = await joined(broker, "client", SESSION);
  await using client = await Client.attach({ system, session: SESSION });
  await run(seen, client, { broker, controller });
}

interface Parts {
  readonly broker: MemoryBroker;
  readonly controller: ActorSystem;
}

Deno.test("over actors: attaches, submits, gets results, sends big values to the host, and says good-bye", async () => {
  await withCluster(async (seen, client) => {
    assert.deepEqual(seen.hellos, [[1, PACKAGE_VERSION, SESSION, SESSION, 0]]);
    assert.deepEqual(client.ids, [0]);
    const lview = client.loadBalancedView();
    assert.equal(await lview.apply(() => 1), 100);
    assert.deepEqual(await lview.map((x: number) => x, [1, 2, 3]), [101, 102, 103]);
    assert.equal(await client.at(0).apply(() => ""), "direct");
    await lview.apply((x: Uint8Array) => x.length, new Uint8Array(1_500_000));
    assert.equal(seen.pieces.length, 3);
    await client.close();
    assert.deepEqual(seen.detached, [SESSION]);
  });
});

Deno.test("over actors: abort reaches the scheduler and its verdict comes back", async () => {
  await withCluster(async (seen, client) => {
    seen.holds = true;
    const result = client.loadBalancedView().apply(() => 1);
    await seen.until(() => seen.submitted.length === 1);
    result.abort();
    await assert.rejects(Promise.resolve(result), /Aborted/);
    assert.deepEqual(seen.aborted, [`${SESSION}-0`]);
  });
});

Deno.test("over actors: what a host said before it ended counts before its end does", async () => {
  await withCluster(async (seen, client) => {
    seen.hostEnds = true;
    const results = Array.from({ length: 200 }, () => client.at(0).apply(() => ""));
    assert.deepEqual(await Promise.all(results), Array(200).fill("direct"));
  });
});

Deno.test("over actors: the next controller is found and given what is unsettled", async () => {
  await withCluster(async (seen, client, { broker, controller }) => {
    seen.holds = true;
    const result = client.loadBalancedView().apply(() => 1);
    await seen.until(() => seen.submitted.length === 1);
    await controller.close();
    seen.holds = false;
    await using next = await joined(broker, "controller", "c2");
    await next.spawn(SchedulerStandIn, { name: "scheduler", unique: true, args: [seen, 2] });
    assert.equal(await result.get({ timeout: 10_000 }), 200);
    assert.deepEqual(seen.submitted, [0, 0]);
    // Before the controller, or it would look for the next one.
    await client.close();
  });
});

Deno.test("over actors: nobody there is a ConnectionError in time, another version is said at once, a signal ends it", async () => {
  const broker = new MemoryBroker();
  await using system = await joined(broker, "client", SESSION);
  const alone = Client.attach({ system, session: SESSION, timeoutMs: 50 });
  await assert.rejects(alone, ConnectionError);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(Client.attach({ system, session: SESSION, signal }), /enough/);

  const seen = new Seen();
  seen.refuses = true;
  await using controller = await joined(broker, "controller", "c1");
  await controller.spawn(SchedulerStandIn, { name: "scheduler", unique: true, args: [seen, 1] });
  await assert.rejects(Client.attach({ system, session: SESSION }), VersionMismatch);
});
