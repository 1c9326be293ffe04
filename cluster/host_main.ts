/**
 * A host in a process of its own: configuration in by stdin, "ready" or "failed" out by stdout, then orders and replies.
 *
 * For `Cluster.start`, where it ends with its stdin, however the program that holds the other end has ended; and for
 * `start --daemon`, where it does so only until it is ready, and then by a signal. Its log goes into the cluster's log
 * file.
 * @module
 */
import { failure, type HostConfig, type HostOrder, report } from "./control_line.ts";
import { HostService } from "./host_service.ts";
import { RemoteError } from "../wire/errors.ts";
import type { Log } from "../wire/log.ts";
import { fileLog } from "./process_log.ts";
import { profilePaths } from "./profile.ts";
import { textLines } from "./text_lines.ts";

type Orders = AsyncGenerator<string>;

async function obey(service: HostService, order: HostOrder): Promise<void> {
  try {
    report({ kind: "reply", id: order.id, ids: await carryOut(service, order) });
  } catch (error) {
    // What the actor threw says it better than that the actor threw it.
    const { name, message } =
      (error instanceof RemoteError && error.cause instanceof Error ? error.cause : error) as Error;
    report({ kind: "refused", id: order.id, name, message });
  }
}

async function carryOut(service: HostService, order: HostOrder) {
  switch (order.kind) {
    case "start-engines":
      return await service.startEngines(order.count);
    case "stop-engines":
      return await service.stopEngines(order.ids).then(() => []);
    case "restart-engines":
      return await service.restartEngines(order.ids).then(() => []);
    case "signal-engines":
      return await service.signalEngines(order.signal, order.ids).then(() => []);
    case "stop":
      return [];
  }
}

/** Resolves when the owner says stop, or is gone. */
async function ownerEnds(service: Promise<HostService>, lines: Orders): Promise<"stop" | "gone"> {
  for await (const line of lines) {
    const order = JSON.parse(line) as HostOrder;
    if (order.kind === "stop") return "stop";
    void obey(await service, order);
  }
  return "gone";
}

/** A daemon's owner may go once it is up: it ends by signals alone. */
async function unlessGone(ended: Promise<"stop" | "gone">): Promise<"stop" | "gone"> {
  const how = await ended;
  return how === "stop" ? how : await new Promise<never>(() => {});
}

/** What would end this process says so in the log, since nobody reads its stderr. */
function logCrashes(log: Log): void {
  addEventListener("error", ({ error }) => log("error", "host crashed", { reason: error }));
  addEventListener("unhandledrejection", ({ reason }) => log("error", "host crashed", { reason }));
}

/** Resolves with the first signal that asks us to end. */
function signalled(daemon: boolean): Promise<"stop"> {
  const { promise, resolve } = Promise.withResolvers<"stop">();
  // An interrupt at the terminal reaches the program and us alike; what it means is the program's to say.
  Deno.addSignalListener("SIGINT", () => daemon && resolve("stop"));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => resolve("stop"));
  return promise;
}

async function run(config: HostConfig, lines: Orders): Promise<number> {
  const paths = profilePaths(config.cluster);
  await Deno.mkdir(paths.folder, { recursive: true, mode: 0o700 });
  using log = fileLog(paths.log, config);
  logCrashes(log.log);
  const signal = signalled(config.daemon);
  try {
    const interrupt = new AbortController();
    const starting = HostService.start(config, { log: log.log, signal: interrupt.signal });
    const ended = ownerEnds(starting, lines);
    void Promise.race([ended, signal]).then(() => interrupt.abort());
    await using service = await starting;
    const early = await Promise.race([service.ready, ended, signal]);
    if (early === undefined) {
      report({ kind: "ready", cluster: config.cluster, servers: service.servers, file: paths.connection });
      const ordered = config.daemon ? unlessGone(ended) : ended;
      const reason = await Promise.race([ordered, signal, service.shutDown, service.failed]);
      if (reason instanceof Error) log.log("error", "host failed", { reason: reason.message });
      if (reason === "gone") service.hurry();
      return reason instanceof Error ? 1 : 0;
    }
    if (early === "gone") service.hurry();
    return 0;
  } catch (error) {
    log.log("error", "host could not start", { reason: (error as Error).message });
    report(failure(error));
    return 1;
  } finally {
    if (config.temporary) await Deno.remove(paths.folder, { recursive: true }).catch(() => {});
  }
}

const lines = textLines(Deno.stdin.readable);
const first = await lines.next();
Deno.exit(first.done ? 0 : await run(JSON.parse(first.value) as HostConfig, lines));
