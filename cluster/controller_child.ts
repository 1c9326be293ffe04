/**
 * The controller as its host sees it: a process that is started, and started again when it dies.
 *
 * Each life has a higher epoch; an embedded broker comes back on the same port with the same credentials, so hosts and
 * clients find it again. A controller that can't start the first time is an error; one that can't come back is tried
 * again, ever more slowly. Owned by `host_service.ts`.
 * @module
 */
import type { Log } from "../wire/log.ts";
import { restoreError } from "./child_errors.ts";
import { ChildProcess } from "./child_process.ts";
import { type ControllerConfig, type ControllerReport, controlLine } from "./control_line.ts";

const RESTART_FIRST_MS = 50;
const RESTART_MAX_MS = 5_000;
/** A life longer than this ends the slowing down. */
const HEALTHY_MS = 10_000;
const STOP_MS = 3_000;

/** A controller under the eyes of its host. */
export class ControllerChild implements AsyncDisposable {
  #config: ControllerConfig;
  readonly #log: Log;
  #child: ChildProcess;
  #stopped = false;
  #wakePause: (() => void) | null = null;
  #watching: Promise<void> = Promise.resolve();
  #servers: readonly string[] = [];

  private constructor(config: ControllerConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#child = this.#spawn();
  }

  /** Starts the first life and waits until it is ready, unless `signal` ends that. Throws what it failed with. */
  static async start(
    config: Omit<ControllerConfig, "epoch">,
    log: Log,
    signal?: AbortSignal,
  ): Promise<ControllerChild> {
    signal?.throwIfAborted();
    const controller = new ControllerChild({ ...config, epoch: Math.floor(Date.now() / 1000) }, log);
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
  }

  #spawn(): ChildProcess {
    const child = new ChildProcess({
      name: "controller",
      module: import.meta.resolve("./controller_main.ts"),
      flags: ["--allow-net", "--allow-env", "--allow-sys", "--allow-read"],
      log: this.#log,
      stopMs: STOP_MS,
    });
    void child.tell(controlLine(this.#config));
    return child;
  }

  async #ready(): Promise<readonly string[]> {
    for await (const report of this.#child.reports<ControllerReport>()) {
      if (report.kind === "ready") {
        this.#keepAddress(report.servers);
        return report.servers;
      }
      throw restoreError(report);
    }
    const { code, signal } = await this.#child.status;
    throw new Error(`Cannot start the controller: its process ended with ${signal ?? `code ${code}`}; see "logs".`);
  }

  /** The next life listens where this one does. */
  #keepAddress(servers: readonly string[]): void {
    const { broker } = this.#config;
    const port = Number(/:(\d+)$/.exec(servers[0] ?? "")?.[1] ?? 0);
    if (broker !== null) this.#config = { ...this.#config, broker: { ...broker, port } };
  }

  async #watch(): Promise<void> {
    let pauseMs = RESTART_FIRST_MS;
    let bornAt = performance.now();
    while (!this.#stopped) {
      const { code, signal } = await this.#child.status;
      if (this.#stopped) return;
      await this.#child[Symbol.asyncDispose]();
      this.#log("error", "controller died", { pid: this.#child.pid, code, signal, restartMs: pauseMs });
      if (performance.now() - bornAt > HEALTHY_MS) pauseMs = RESTART_FIRST_MS;
      await this.#pause(pauseMs);
      if (this.#stopped) return;
      pauseMs = Math.min(pauseMs * 2, RESTART_MAX_MS);
      bornAt = performance.now();
      await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    const epoch = Math.max(this.#config.epoch + 1, Math.floor(Date.now() / 1000));
    this.#config = { ...this.#config, epoch };
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
