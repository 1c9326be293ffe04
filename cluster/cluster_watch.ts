/**
 * Notices that the cluster of a connection file has ended, while its servers are out of reach.
 *
 * A server that is away may come back, so links wait for it; but where the process that wrote the file is gone, or
 * another one has written it, the servers it started are gone for good, and waiting would never end. Knows the file and
 * the state of a bus; changes neither. Called by `connect_client.ts`.
 * @module
 */
import type { Bus } from "../bus/bus.ts";
import { NotRunning } from "../wire/errors.ts";
import { type ConnectionInfo, readConnectionFile } from "./connection_file.ts";

/** Looks this often while disconnected. */
const LOOK_MS = 1_000;
/** So many looks in a row must find it gone: a cluster that is started again at once may keep address and token. */
const LOOKS = 3;

/** A watch; `gone` resolves when the cluster has ended, and never after the disposal. */
export interface ClusterWatch extends Disposable {
  readonly gone: Promise<Error>;
}

/** Watches the cluster that `path` named when `info` was read. */
export function watchCluster(bus: Pick<Bus, "status" | "onStatus">, path: string, info: ConnectionInfo): ClusterWatch {
  const { promise, resolve } = Promise.withResolvers<Error>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let misses = 0;
  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
    misses = 0;
  };
  const look = async () => {
    const mine = timer;
    const ended = await hasEnded(path, info);
    if (timer !== mine) return;
    misses = ended === null ? 0 : misses + 1;
    if (ended !== null && misses >= LOOKS) return resolve(ended);
    timer = setTimeout(look, LOOK_MS);
  };
  const onStatus = () => {
    if (bus.status !== "disconnected") return stop();
    timer ??= setTimeout(look, LOOK_MS);
  };
  const unlisten = bus.onStatus(onStatus);
  onStatus();
  return {
    gone: promise,
    [Symbol.dispose]() {
      unlisten();
      stop();
    },
  };
}

/** Why it is known to have ended; `null` where it may still be there. */
async function hasEnded(path: string, { cluster, owner }: ConnectionInfo): Promise<Error | null> {
  try {
    const now = await readConnectionFile(path, cluster);
    if (owner === null || now.owner === null || now.owner.pid === owner.pid) return null;
    return new NotRunning(`Cannot go on with the cluster "${cluster}": it was stopped, and another has its name now.`);
  } catch (error) {
    if (!(error instanceof NotRunning)) return null;
    return new NotRunning(`Cannot go on with the cluster "${cluster}": it was stopped, or its process ended.`);
  }
}
