/**
 * The right to lead a cluster whose controllers share a store: one has it at a time, the others wait for it.
 *
 * Taken before anything else is opened. Called by `controller.ts`.
 * @module
 */
import { hostname } from "node:os";
import type { NatsConnection } from "../deps/nats.ts";
import type { Leadership } from "../scheduler/leadership.ts";
import { AlreadyRunning } from "../wire/errors.ts";
import type { ControllerLife } from "./control_line.ts";

/** What the one that leads holds. */
export interface Lead extends Leadership, AsyncDisposable {
  /** Higher than that of whoever led before. */
  readonly epoch: number;
  /** Resolves with the reason when another leads. */
  readonly lost: Promise<Error>;
}

/** One renewal may come late. */
const PATIENCE_LEASES = 2;

/**
 * Leads, as soon as nobody else does. One that does not stand by is patient for as long as it takes to know that
 * another lives, and throws `AlreadyRunning` then. `onStandby`: it waits.
 */
export async function takeLead(
  connection: NatsConnection,
  { cluster, epoch, standby = false, holder }: ControllerLife,
  onStandby: () => void,
  signal?: AbortSignal,
): Promise<Lead> {
  const { Lease, LEASE_MS } = await import("../store/jetstream/lease.ts");
  const { openLeaseCell } = await import("../store/jetstream/lease_cell.ts");
  const replicas = replicasOn(connection);
  const cell = await openLeaseCell(connection, { cluster, replicas, timeoutMs: LEASE_MS / 2 });
  const impatience = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const standingBy = (leader: string) => {
    if (standby) return onStandby();
    timer = setTimeout(() => impatience.abort(otherLeads(cluster, leader)), PATIENCE_LEASES * LEASE_MS);
  };
  try {
    const name = `${hostname()}, process ${Deno.pid}`;
    const lease = await Lease.wait(cell, {
      name,
      epoch,
      standingBy,
      signal: signal === undefined ? impatience.signal : AbortSignal.any([signal, impatience.signal]),
      ...(holder !== undefined && { holder }),
    });
    return {
      epoch: lease.epoch,
      get valid() {
        return lease.valid;
      },
      whenValid: () => lease.untilValid().catch(() => new Promise<never>(() => {})),
      lost: lease.lost,
      [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Copies of what is stored: on three servers where there are as many, so that one may be lost. */
export function replicasOn({ info }: NatsConnection): number {
  return info?.cluster !== undefined && (info.connect_urls?.length ?? 0) >= 3 ? 3 : 1;
}

function otherLeads(cluster: string, leader: string): AlreadyRunning {
  return new AlreadyRunning(
    `Cannot start the cluster "${cluster}": a controller of this name leads already (${leader}); start this one with ` +
      `"controller --standby" to have it take over one day, or choose another --name.`,
  );
}
