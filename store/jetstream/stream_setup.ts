/**
 * The streams of a store: their names, their configuration, and whether they are of a schema that can be read.
 *
 * All lie in files, also for durability `none`: what differs is what is waited for.
 * @module
 */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "../../deps/nats_jetstream.ts";
import { storeSubject } from "../../protocol/subjects.ts";
import { StoreError } from "../../wire/errors.ts";
import { STORE_SCHEMA } from "../store.ts";
import type { JetStreamAccess } from "./jetstream_access.ts";
import { isNotFound } from "./jetstream_errors.ts";

/** What a stream of the store is for. */
export type StreamRole = "journal" | "records" | "snapshots" | "blobs";

/** A stream that is there. */
export interface StoreStream {
  readonly name: string;
  /** Its subjects begin with this and a point. */
  readonly subject: string;
}

/** What an operator may set. */
export interface StreamSettings {
  /** Copies, on as many servers of a cluster: 1, 3 or 5. */
  readonly replicas: number;
  /** No stream may grow beyond this; -1: as the account allows. */
  readonly maxBytes: number;
}

/** Makes the stream, or finds it. Throws `StoreError` if it is of a newer schema, or can't be made. */
export async function ensureStream(
  access: JetStreamAccess,
  role: StreamRole,
  settings: StreamSettings,
): Promise<StoreStream> {
  const config = configOf(access.cluster, role, settings);
  const { streams } = access.manager;
  await access.persist("Cannot open", async () => {
    const found = await streams.info(config.name).catch((error) => {
      if (isNotFound(error)) return null;
      throw error;
    });
    if (found === null) {
      await streams.add(config);
      return;
    }
    checkSchema(access.cluster, config.name, found.config.description ?? "");
    const { num_replicas, max_bytes } = found.config;
    // Never fewer copies: where a server is away for now, one would go that is needed then.
    const copies = Math.max(num_replicas, settings.replicas);
    if (num_replicas !== copies || max_bytes !== config.max_bytes) {
      await streams.update(config.name, { ...config, num_replicas: copies });
    }
  });
  return { name: config.name, subject: subjectOf(access.cluster, role) };
}

function configOf(
  cluster: string,
  role: StreamRole,
  { replicas, maxBytes }: StreamSettings,
): Partial<StreamConfig> & { name: string } {
  return {
    name: `TROUPE_${cluster}_${role}`,
    description: `Troupe store, schema ${STORE_SCHEMA}: ${role} of "${cluster}"`,
    subjects: [`${subjectOf(cluster, role)}.>`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    // Without this the oldest would go when there is no more room, and nobody would be told.
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    max_bytes: maxBytes,
    // A part that is put again replaces the one that is there.
    max_msgs_per_subject: role === "snapshots" || role === "blobs" ? 1 : -1,
    ...(role === "snapshots" || role === "blobs" ? { discard_new_per_subject: false } : {}),
  };
}

function subjectOf(cluster: string, role: StreamRole): string {
  return `${storeSubject(cluster)}.${role}`;
}

function checkSchema(cluster: string, stream: string, description: string): void {
  const schema = Number(/^Troupe store, schema (\d+)/.exec(description)?.[1] ?? Number.NaN);
  const start = `Cannot open the store of "${cluster}" in JetStream`;
  if (Number.isNaN(schema)) {
    throw new StoreError(
      `${start}: there is a stream "${stream}" that is not Troupe's; give the cluster another name, or remove that stream.`,
    );
  }
  if (schema <= STORE_SCHEMA) return;
  throw new StoreError(
    `${start}: a newer version of Troupe has written the stream "${stream}" (schema ${schema}, this version reads up to ` +
      `${STORE_SCHEMA}); start that version, or give the cluster another name.`,
  );
}
