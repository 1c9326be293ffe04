/**
 * `controller`: scheduler and hub only, on an embedded broker or on existing servers; hosts and clients join it.
 * @module
 */
import type { HostConfig } from "../cluster/control_line.ts";
import { DEFAULT_PERMISSIONS } from "../cluster/engine_permissions.ts";
import { runInForeground } from "./foreground.ts";
import { UsageError } from "./exit_code.ts";
import type { Said } from "./grammar.ts";
import { controllerOf } from "./host_flags.ts";

export async function controller(said: Said<"controller">): Promise<number> {
  if (said.standby && said.store !== "jetstream") {
    throw new UsageError(
      "Cannot stand by without a store that controllers share: use --standby with --store jetstream and --nats.",
    );
  }
  const { controller, credentials } = await controllerOf(said);
  const config: HostConfig = {
    cluster: said.name,
    engines: 0,
    slots: 1,
    permissions: DEFAULT_PERMISSIONS,
    drainMs: 0,
    importConfig: null,
    daemon: false,
    temporary: false,
    standby: said.standby,
    controller,
    credentials,
    servers: controller.servers,
    credential: credentials.host ?? null,
  };
  return await runInForeground(
    config,
    ({ servers }) =>
      said.standby
        ? `A controller of "${said.name}" stands by on ${servers.join(", ")}. End it with Ctrl-C.`
        : `The controller of "${said.name}" is running on ${
          servers.join(", ")
        }; bring engines with "engines". End it with Ctrl-C.`,
    said.logFormat,
  );
}
