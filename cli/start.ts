/**
 * `start`: a cluster on this machine, in the foreground, or in the background with `--daemon`.
 * @module
 */
import type { HostConfig } from "../cluster/control_line.ts";
import { startDaemon } from "../cluster/daemon.ts";
import { verbFor } from "../cluster/profile.ts";
import { runInForeground } from "./foreground.ts";
import { EXIT } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { controllerOf, hostOf } from "./host_flags.ts";
import { StatusLine } from "./status_line.ts";

function running(config: HostConfig, servers: readonly string[]): string {
  const named = config.cluster === "default" ? "" : ` --name ${config.cluster}`;
  const connect = named === "" ? "Client.connect()" : `Client.connect({ name: "${config.cluster}" })`;
  const count = config.engines === 1 ? "1 engine" : `${config.engines} engines`;
  return `The cluster "${config.cluster}" is running: ${count}, ${servers.join(", ")}\n` +
    `Use it with ${connect}, look with "status${named}", end it with `;
}

export async function start(said: Said<"start">): Promise<number> {
  const host = hostOf(said);
  const { controller, credentials } = await controllerOf(said);
  const config: HostConfig = {
    ...host,
    controller,
    credentials,
    servers: controller.servers,
    credential: credentials.host ?? null,
  };
  if (!said.daemon) {
    const describe = ({ servers }: { readonly servers: readonly string[] }) => `${running(config, servers)}Ctrl-C.`;
    return await runInForeground(config, describe, said.logFormat);
  }
  using line = new StatusLine();
  line.show(`Starting ${config.engines} engines`);
  const servers = await startDaemon({ ...config, daemon: true });
  line.clear();
  console.error(`${running(config, servers)}"${verbFor("stop", config.cluster)}".`);
  return EXIT.done;
}
