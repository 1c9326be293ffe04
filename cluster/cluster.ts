/**
 * `Cluster.start()`: a cluster that belongs to the calling program, on this machine.
 *
 * The cluster is a child process (a host, with the controller and the engines as its children), so the program may
 * block its own thread at will, and the cluster ends with the program however that ends. This file starts that child
 * and gives it orders. Public, by way of `mod.ts`.
 * @module
 */
import type { Client } from "../client/client.ts";
import type { EngineId } from "../protocol/ids.ts";
import { silentLog } from "../wire/log.ts";
import { restoreError } from "./child_errors.ts";
import { ChildProcess } from "./child_process.ts";
import { type ClusterOptions, resolveClusterOptions } from "./cluster_options.ts";
import { connectClient } from "./connect_client.ts";
import { controlLine, type HostConfig, type HostOrder, type HostReport } from "./control_line.ts";
import { ConnectionError, TimeoutError } from "../wire/errors.ts";

/** How to reach a cluster. */
export interface ClusterConnection {
  /** The cluster's name. */
  readonly name: string;
  /** URLs of its servers. */
  readonly servers: readonly string[];
  /** The connection file. */
  readonly file: string;
}

/** What orders to a cluster take. */
export interface OrderOptions {
  /** Its abort ends the waiting, with its reason: what was ordered goes on. Aborted before, nothing is ordered. */
  readonly signal?: AbortSignal | undefined;
}

type OrderBody = HostOrder extends infer Order ? Order extends HostOrder ? Omit<Order, "id"> : never : never;
type Reply = { resolve(ids: readonly EngineId[]): void; reject(error: Error): void };

const START_TIMEOUT_MS = 60_000;
/** Longer than the drain of its engines by so much; then it is killed. */
const STOP_MARGIN_MS = 10_000;

/**
 * A running cluster.
 *
 * @example
 * ```ts
 * import { Cluster } from "../mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * console.log(await client.loadBalancedView().map((x: number) => x ** 2, [1, 2, 3])); // [ 1, 4, 9 ]
 * ```
 */
export class Cluster implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #connection: ClusterConnection;
  readonly #replies = new Map<number, Reply>();
  readonly #listening: Promise<void>;
  #orders = 0;
  #ended = false;
  #stopping: Promise<void> | null = null;

  private constructor(child: ChildProcess, connection: ClusterConnection, reports: AsyncGenerator<HostReport>) {
    this.#child = child;
    this.#connection = connection;
    this.#listening = this.#listen(reports);
  }

  /**
   * Starts a cluster; resolves when its engines are ready.
   *
   * @throws `TypeError` and `RangeError` for options that can't be meant, `AlreadyRunning` for a name that is taken,
   * `ConnectionError` and `AuthorizationError` from NATS servers, `TimeoutError`
   */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    return await Cluster.launch(await resolveClusterOptions(options), options);
  }

  /** As `start`, for compositions that have made the configuration of the host themselves. */
  static async launch(config: HostConfig, options: Pick<ClusterOptions, "timeout" | "signal"> = {}): Promise<Cluster> {
    options.signal?.throwIfAborted();
    const child = new ChildProcess({
      name: "host",
      module: import.meta.resolve("./host_main.ts"),
      flags: ["--allow-all"],
      log: silentLog,
      detached: true,
      stopMs: config.drainMs + STOP_MARGIN_MS,
    });
    const reports = child.reports<HostReport>();
    try {
      await child.tell(controlLine(config));
      const ready = await firstReport(reports, config, options);
      return new Cluster(child, { name: config.cluster, servers: ready.servers, file: ready.file }, reports);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      // Nobody reads on, and what it said last would keep its pipe open here.
      await reports.return(undefined);
      throw error;
    }
  }

  /** The cluster's name. */
  get name(): string {
    return this.#connection.name;
  }

  /** How other programs on this machine reach it. */
  get connection(): ClusterConnection {
    return this.#connection;
  }

  /** A client of this cluster. */
  connect(options: { readonly timeout?: number; readonly signal?: AbortSignal } = {}): Promise<Client> {
    return connectClient({ ...options, name: this.name, connectionFile: this.#connection.file });
  }

  /** Adds engines; resolves with their ids when they are ready. */
  async startEngines(n: number, options: OrderOptions = {}): Promise<readonly number[]> {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new RangeError(`Cannot start ${n} engines: it is a whole number from 1 up.`);
    }
    return await this.#order({ kind: "start-engines", count: n }, options);
  }

  /** Stops engines for good; running tasks may finish within 10 s. Resolves when they are gone. */
  async stopEngines(ids: readonly number[], options: OrderOptions = {}): Promise<void> {
    await this.#order({ kind: "stop-engines", ids: ids as readonly EngineId[] }, options);
  }

  /** Stops engines likewise and starts each again under its id; resolves when they are ready. */
  async restartEngines(ids: readonly number[], options: OrderOptions = {}): Promise<void> {
    await this.#order({ kind: "restart-engines", ids: ids as readonly EngineId[] }, options);
  }

  /** Sends a signal to engines, like `"SIGKILL"`. */
  async signalEngines(signal: Deno.Signal, ids: readonly number[], options: OrderOptions = {}): Promise<void> {
    await this.#order({ kind: "signal-engines", signal, ids: ids as readonly EngineId[] }, options);
  }

  /** For compositions: ends the cluster as if this program had ended: what runs is not waited for. Idempotent. */
  abandon(): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  /** Ends the cluster: running tasks may finish within `drain` (10 s), then everything of it is gone. Idempotent. */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  /** `stop()`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    await this.#child.tell(controlLine({ kind: "stop", id: 0 }));
    await this.#child[Symbol.asyncDispose]();
    await this.#listening;
  }

  async #order(order: OrderBody, { signal }: OrderOptions): Promise<readonly EngineId[]> {
    signal?.throwIfAborted();
    if (this.#ended || this.#stopping !== null) throw this.#endedError();
    const id = ++this.#orders;
    const { promise, resolve, reject } = Promise.withResolvers<readonly EngineId[]>();
    this.#replies.set(id, { resolve, reject });
    const onAbort = () => this.#take(id)?.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const [ids] = await Promise.all([promise, this.#child.tell(controlLine({ ...order, id } as HostOrder))]);
      return ids;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #listen(reports: AsyncGenerator<HostReport>): Promise<void> {
    for await (const report of reports) {
      if (report.kind === "reply") this.#take(report.id)?.resolve(report.ids);
      if (report.kind === "refused") this.#take(report.id)?.reject(restoreError(report));
    }
    this.#ended = true;
    const error = this.#endedError();
    for (const id of [...this.#replies.keys()]) this.#take(id)?.reject(error);
  }

  #endedError(): ConnectionError {
    return new ConnectionError(`Cannot give orders to the cluster "${this.name}": it has ended; start another.`);
  }

  #take(id: number): Reply | undefined {
    const reply = this.#replies.get(id);
    this.#replies.delete(id);
    return reply;
  }
}

/** Waits for the first word of the host. */
async function firstReport(
  reports: AsyncGenerator<HostReport>,
  config: HostConfig,
  options: Pick<ClusterOptions, "timeout" | "signal">,
): Promise<Extract<HostReport, { kind: "ready" }>> {
  const timeoutMs = options.timeout ?? START_TIMEOUT_MS;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new TimeoutError(
        `Cannot start the cluster "${config.cluster}": its ${config.engines} engines were not ready after ${timeoutMs} ms; ` +
          `give it more "timeout", or fewer engines.`,
      ),
    );
  }, timeoutMs);
  const abort = () => late.reject(options.signal?.reason);
  options.signal?.addEventListener("abort", abort);
  try {
    const { value, done } = await Promise.race([reports.next(), late.promise]);
    if (!done && value.kind === "ready") return value;
    if (!done && value.kind === "failed") throw restoreError(value);
    throw new Error(`Cannot start the cluster "${config.cluster}": its host ended before it was ready.`);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}
