/**
 * The controller as its host sees it: a process that is started, and started again when it dies.
 *
 * Each life has a higher epoch; an embedded broker comes back on the same port with the same credentials, so hosts and
 * clients find it again. A controller that can't start the first time is an error; one that can't come back is tried
 * again, ever more slowly. Owned by `host_service.ts`.
 * @module
 */
import { dirname } from "node:path";
import type { Log } from "../wire/log.ts";
import { restoreError } from "./child_errors.ts";
import { GRACE_HEARTBEATS } from "./cluster_options.ts";
import { ChildProcess } from "./child_process.ts";
import { type ControllerConfig, type ControllerLife, type ControllerReport, controlLine } from "./control_line.ts";
import type { LastLifeFile } from "./last_life.ts";
import type { RosterReport } from "./roster.ts";

/** What a controller may do. Imports are for a scheme of the user's own. */
export const CONTROLLER_FLAGS: readonly string[] = [
  "--allow-net",
  "--allow-env",
  "--allow-sys",
  "--allow-read",
  "--allow-import",
];

/** Its store needs the folder that it lies in. */
function controllerFlags({ store }: ControllerConfig): readonly string[] {
  const path = store?.path ?? null;
  return path === null ? CONTROLLER_FLAGS : [...CONTROLLER_FLAGS, `--allow-write=${dirname(path)}`];
}

const RESTART_FIRST_MS = 50;
const RESTART_MAX_MS = 5_000;
/** A life longer than this ends the slowing down. */
const HEALTHY_MS = 10_000;
const STOP_MS = 3_000;
/** From its start until it must be ready: longer than an attempt to reach a server takes. */
const READY_LIMIT_MS = 60_000;

/** A controller under the eyes of its host. */
export class ControllerChild implements AsyncDisposable {
  #life: ControllerLife;
  readonly #lastLife: LastLifeFile | null;
  readonly #log: Log;
  #child: ChildProcess;
  #stopped = false;
  #wakePause: (() => void) | null = null;
  #watching: Promise<void> = Promise.resolve();
  #listening: Promise<void> = Promise.resolve();
  #servers: readonly string[] = [];

  private constructor(life: ControllerLife, lastLife: LastLifeFile | null, log: Log) {
    this.#life = life;
    this.#lastLife = lastLife;
    this.#log = log;
    this.#child = this.#spawn();
  }

  /**
   * Starts the first life and waits until it is ready, unless `signal` ends that. Throws what it failed with. It goes on
   * from what an earlier keeper left that was killed; `lastLife` `null`: nothing of that is kept.
   */
  static async start(
    config: ControllerConfig,
    lastLife: LastLifeFile | null,
    log: Log,
    signal?: AbortSignal,
    standby = false,
  ): Promise<ControllerChild> {
    signal?.throwIfAborted();
    const { epoch, ...before } = lastLife?.left ?? { epoch: 0, hosts: [], nextEngineId: 0 };
    const graceMs = before.hosts.length === 0 ? 0 : GRACE_HEARTBEATS * config.heartbeatMs;
    const first = { epoch: epochAfter(epoch), graceMs, before, standby, holder: crypto.randomUUID() };
    const controller = new ControllerChild({ ...config, ...first }, lastLife, log);
    const abort = () => void controller.#child[Symbol.asyncDispose]();
    signal?.addEventListener("abort", abort);
    try {
      controller.#servers = await controller.#ready();
    } catch (error) {
      controller.#stopped = true;
      await controller.#child[Symbol.asyncDispose]();
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    controller.#watching = controller.#watch();
    return controller;
  }

  /** Where clients and hosts connect; the same in all lives. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#wakePause?.();
    await this.#child[Symbol.asyncDispose]();
    await this.#watching;
    await this.#listening;
  }

  #spawn(): ChildProcess {
    const child = new ChildProcess({
      name: "controller",
      module: import.meta.resolve("./controller_main.ts"),
      flags: controllerFlags(this.#life),
      log: this.#log,
      stopMs: STOP_MS,
    });
    void child.tell(controlLine(this.#life));
    return child;
  }

  /** Resolves when the present life is ready. One that takes too long is ended, and its end says the rest. */
  async #ready(): Promise<readonly string[]> {
    const child = this.#child;
    const late = setTimeout(() => {
      this.#log("error", "controller killed: it was not ready in time", { pid: child.pid, limitMs: READY_LIMIT_MS });
      child.kill();
    }, READY_LIMIT_MS);
    try {
      return await this.#firstReport();
    } finally {
      clearTimeout(late);
    }
  }

  /** Waits for the present life's word; goes on listening to it. */
  async #firstReport(): Promise<readonly string[]> {
    const reports = this.#child.reports<ControllerReport>();
    for (let next = await reports.next(); !next.done; next = await reports.next()) {
      const report = next.value;
      if (report.kind === "failed") {
        // Nobody reads on, and an unread pipe of each failed life would stay open.
        await reports.return(undefined);
        throw restoreError(report);
      }
      if (report.kind === "roster") this.#keepRoster(report);
      else if (report.kind === "standing-by") {
        this.#listening = this.#listen(reports);
        return report.servers;
      } else {
        this.#keepAddress(report.servers);
        this.#listening = this.#listen(reports);
        return report.servers;
      }
    }
    const { code, signal } = await this.#child.status;
    throw new Error(`Cannot start the controller: its process ended with ${signal ?? `code ${code}`}; see "logs".`);
  }

  async #listen(reports: AsyncGenerator<ControllerReport>): Promise<void> {
    for await (const report of reports) {
      if (report.kind === "roster") this.#keepRoster(report);
      else if (report.kind === "ready") this.#log("info", "controller has taken over", { pid: this.#child.pid });
      else if (report.kind === "failed") this.#log("error", "controller failed", { reason: report.message });
    }
  }

  /** The next life listens where this one does. */
  #keepAddress(servers: readonly string[]): void {
    const { broker } = this.#life;
    const port = Number(/:(\d+)$/.exec(servers[0] ?? "")?.[1] ?? 0);
    if (broker !== null) this.#life = { ...this.#life, broker: { ...broker, port } };
  }

  /** The next life waits for these hosts, and gives no engine id again. */
  #keepRoster({ hosts, nextEngineId }: RosterReport): void {
    this.#life = { ...this.#life, before: { hosts, nextEngineId } };
    this.#lastLife?.keep({ epoch: this.#life.epoch, hosts, nextEngineId });
  }

  async #watch(): Promise<void> {
    let pauseMs = RESTART_FIRST_MS;
    let bornAt = performance.now();
    while (!this.#stopped) {
      const { code, signal } = await this.#child.status;
      if (this.#stopped) return;
      await this.#child[Symbol.asyncDispose]();
      await this.#listening;
      this.#log("error", "controller died", { pid: this.#child.pid, code, signal, restartMs: pauseMs });
      const reason = `its process ended with ${signal ?? `exit code ${code}`}`;
      const restarts = (this.#life.restarts ?? 0) + 1;
      this.#life = { ...this.#life, restarts, lastEnd: { reason, atEpochMs: Date.now() } };
      if (performance.now() - bornAt > HEALTHY_MS) pauseMs = RESTART_FIRST_MS;
      await this.#pause(pauseMs);
      if (this.#stopped) return;
      pauseMs = Math.min(pauseMs * 2, RESTART_MAX_MS);
      bornAt = performance.now();
      await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    const epoch = epochAfter(this.#life.epoch);
    // Meanwhile another may have taken over: then it is this one that stands by.
    const standby = this.#life.store?.kind === "jetstream";
    this.#life = { ...this.#life, epoch, graceMs: GRACE_HEARTBEATS * this.#life.heartbeatMs, standby };
    this.#child = this.#spawn();
    try {
      await this.#ready();
      this.#log("info", "controller is back", { pid: this.#child.pid, epoch });
    } catch (error) {
      this.#log("error", "controller could not come back", { reason: String(error) });
    }
  }

  /** A wait that the end of the cluster cuts short. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakePause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The second in which a life begins, and higher than the one before in any case. */
function epochAfter(epoch: number): number {
  return Math.max(epoch + 1, Math.floor(Date.now() / 1000));
}
