/**
 * `nats-users`: files for running a cluster on a `nats-server` that lets in its three roles and nobody else.
 * @module
 */
import { join } from "node:path";
import type { Credentials } from "../cluster/credentials.ts";
import { makeNatsCredentials, natsUsersConfig } from "../cluster/nats_users.ts";
import { readFileIfThere, writePrivateFile } from "../cluster/private_file.ts";
import { EXIT, UsageError } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

function filesFor(cluster: string, credentials: Credentials): ReadonlyMap<string, string> {
  const { host, client } = credentials;
  const json = (value: unknown) => JSON.stringify(value, null, 2) + "\n";
  return new Map([
    ["nats-users.conf", natsUsersConfig(cluster, credentials)],
    ["credentials.json", json(credentials)],
    ["host-credentials.json", json({ host })],
    ["client-credentials.json", json({ client })],
  ]);
}

export async function natsUsers({ name, out }: Said<"nats-users">): Promise<number> {
  const files = filesFor(name, makeNatsCredentials(name));
  for (const file of files.keys()) {
    // New passwords over old ones would lock out whoever has those.
    if (await readFileIfThere(join(out, file)) === null) continue;
    throw new UsageError(`Cannot write "${join(out, file)}": it is there already; remove it, or choose another --out.`);
  }
  for (const [file, text] of files) await writePrivateFile(join(out, file), text);
  console.error(
    `Wrote ${[...files.keys()].map((file) => `"${join(out, file)}"`).join(", ")}.\n` +
      `Include nats-users.conf in the server's configuration, then "start --nats URL --name ${name} --credentials ` +
      `${
        join(out, "credentials.json")
      }" here, and "engines --nats URL --name ${name} --credentials host-credentials.json" elsewhere.`,
  );
  return EXIT.done;
}
