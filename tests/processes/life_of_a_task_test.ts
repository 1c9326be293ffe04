import assert from "node:assert/strict";
import { ActorSystem } from "../../actors/actor_system.ts";
import type { Bus } from "../../bus/bus.ts";
import { MemoryBroker } from "../../bus/memory_bus.ts";
import { Client } from "../../client/client.ts";
import { engineMainModule, findSetpriv } from "../../host/engine_command.ts";
import { HostActor } from "../../host/host_actor.ts";
import { DEFAULT_PERMISSIONS } from "../../host/permissions.ts";
import type { Fact } from "../../protocol/facts.ts";
import type { Epoch, Session } from "../../protocol/ids.ts";
import { DEFAULT_OPTIONS, type SchedulerCore } from "../../scheduler/core/scheduler_core.ts";
import { createScheduler } from "../../scheduler/core/scheduler.ts";
import { SchedulerActor } from "../../scheduler/scheduler_actor.ts";
import { within } from "../../testing/within.ts";
import { newSession } from "../../wire/task_ids.ts";

const ROOT = new URL("../../", import.meta.url);

/** The rows of the table in the README: the links of each, and its text. */
function lifeInReadme(): { readonly links: readonly string[]; readonly text: string }[] {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  const section = readme.slice(readme.indexOf("## Life of a task"), readme.indexOf("## Actors"));
  const rows = section.split("\n").filter((line) => /^\| \d/.test(line));
  return rows.map((text) => ({ text, links: [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link) }));
}

/** The bus of a node, which writes down to which role each frame goes. */
function traced(bus: Bus, from: string, trace: string[]): Bus {
  return new Proxy(bus, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (key !== "publish") return value.bind(target);
      return (subject: string, ...rest: unknown[]) => {
        trace.push(`${from} → ${subject.split(".")[2]}`);
        return Reflect.apply(value, target, [subject, ...rest]);
      };
    },
  });
}

/** The core, which writes down what it is told and what it orders. */
function tracedCore(trace: string[]): SchedulerCore {
  const core = createScheduler({ ...DEFAULT_OPTIONS, epoch: 1 as Epoch });
  return {
    ...core,
    step(event) {
      const effects = core.step(event);
      trace.push(`event ${event.kind}`, ...effects.map(({ kind }) => `effect ${kind}`));
      return effects;
    },
  };
}

/** A controller, a host with a real engine and a client, each a node on one bus. */
async function stage(trace: string[], facts: Fact[]) {
  const stack = new AsyncDisposableStack();
  const broker = new MemoryBroker();
  const node = async (role: "controller" | "host" | "client", name: string) => {
    const bus = traced(broker.connect(), role, trace);
    return stack.use(await ActorSystem.connect({ name: "life", bus, role, node: name, codec: "plain" }));
  };
  const controller = await node("controller", "main");
  const onFacts = (some: readonly Fact[]) => void facts.push(...some);
  const scheduler = { core: tracedCore(trace), epoch: 1 as Epoch, heartbeatMs: 1_000, onFacts };
  await controller.spawn(SchedulerActor, { name: "scheduler", args: [scheduler] });
  const host = await node("host", "box");
  const command = {
    permissions: DEFAULT_PERMISSIONS,
    secretFolders: [],
    configFile: null,
    memoryMb: null,
    extraFlags: [],
    mainModule: engineMainModule(),
    setprivPath: findSetpriv(),
  };
  const how = { slots: 1, heartbeatMs: 1_000, graceMs: 200, drainMs: () => 0, blobLimitBytes: null, search: null };
  const where = { engines: 1, hostname: "machine", pid: Deno.pid, command };
  await host.spawn(HostActor, { name: "host", unique: false, args: [{ ...how, ...where }] });
  const session: Session = newSession();
  const client = await Client.attach({ system: await node("client", session), session });
  stack.defer(() => client.close());
  await client.waitForEngines(1, { timeout: 30_000 });
  return { client, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("a task's life goes the way that the README tells, and every link there leads somewhere", async () => {
  const rows = lifeInReadme();
  assert.deepEqual(rows.length, 8);
  for (const { links } of rows) for (const link of links) assert.ok(Deno.statSync(new URL(link, ROOT)).isFile, link);

  const [trace, facts]: [string[], Fact[]] = [[], []];
  await using running = await stage(trace, facts);
  trace.length = facts.length = 0;
  const pid = await within(running.client.loadBalancedView().apply(() => Deno.pid).get(), "the task's result");
  assert.notEqual(pid, Deno.pid, "it ran in an engine's process");

  const stations = [
    "client → controller", // 1, 2: one frame
    "event tasks-submitted", // 3
    "effect dispatch", // 4
    "controller → host", // 5
    "host → controller", // 6, 7
    "event attempts-ended",
    "effect settle", // 8
    "controller → client",
  ];
  let from = 0;
  for (const station of stations) {
    const at = trace.indexOf(station, from);
    assert.ok(at >= 0, `"${station}" comes after "${trace[from - 1] ?? "the start"}" in ${trace.join(", ")}`);
    from = at + 1;
  }
  assert.deepEqual(facts.map(({ kind }) => kind), ["task-accepted", "task-assigned", "task-settled"]);
  const named = rows.map(({ text }) => text).join("\n");
  for (const word of ["tasks-submitted", "dispatch"]) assert.match(named, new RegExp(`\`${word}\``));
});
