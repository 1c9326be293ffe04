/**
 * A cluster in the background: a host process that outlives the one that starts it.
 *
 * Until it is ready it ends with whoever starts it, so that an interrupted start leaves nothing. Used by
 * `start --daemon`.
 * @module
 */
import { restoreError } from "./child_errors.ts";
import { OWN_FLAGS } from "./child_process.ts";
import { controlLine, type HostConfig, type HostReport } from "./control_line.ts";
import { textLines } from "./text_lines.ts";

/** Starts the host; resolves with its servers when the engines are ready. Throws what it failed with. */
export async function startDaemon(config: HostConfig): Promise<readonly string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...OWN_FLAGS, "--allow-all", import.meta.resolve("./host_main.ts")],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true,
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(controlLine(config));
  for await (const line of textLines(child.stdout)) {
    const report = JSON.parse(line) as HostReport;
    if (report.kind === "failed") throw restoreError(report);
    if (report.kind !== "ready") continue;
    child.unref();
    await writer.close();
    return report.servers;
  }
  throw new Error(`Cannot start the cluster "${config.cluster}": its host ended before it was ready; see "logs".`);
}
