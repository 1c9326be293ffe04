/**
 * What the figures were measured on and with: without it they mean nothing.
 * @module
 */
import { cpus, loadavg, release } from "node:os";
import { findNatsServer } from "../testing/find_nats_server.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";

/** The machine, and the versions of what ran on it. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly os: string;
  readonly deno: string;
  readonly v8: string;
  readonly troupe: string;
  /** `null` where there is none; then `natsServerMissing` says why. */
  readonly natsServer: string | null;
  readonly natsServerMissing: string | null;
  /** Processes that wanted a core over the last minute, before the benchmark began: above 0.5 others were at work. */
  readonly loadBefore: number;
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  const found = await findNatsServer();
  return {
    cores: navigator.hardwareConcurrency,
    processor: cpus()[0]?.model ?? "unknown",
    os: `${Deno.build.os} ${release()} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    troupe: PACKAGE_VERSION,
    natsServer: "path" in found ? await versionOf(found.path) : null,
    natsServerMissing: "path" in found ? null : found.missing,
    loadBefore: loadavg()[0] ?? 0,
  };
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await new Deno.Command(path, { args: ["--version"], stdin: "null", stderr: "null" }).output();
  return new TextDecoder().decode(stdout).trim().replace(/^nats-server: v/, "");
}
