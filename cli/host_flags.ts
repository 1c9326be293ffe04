/**
 * From the flags of `start`, `engines` and `run` to the configuration of a host, and of its controller.
 *
 * What can't be meant is a `UsageError` here, before anything starts. Used by these verbs.
 * @module
 */
import { resolve } from "node:path";
import { HEARTBEAT_MS, resolveInitializer, resolveScheme } from "../cluster/cluster_options.ts";
import type { ControllerConfig, HostConfig } from "../cluster/control_line.ts";
import { type Credentials, makeCredentials, oneForAll, parseCredentials } from "../cluster/credentials.ts";
import { type EnginePermissions, parsePermissionFlags } from "../cluster/engine_permissions.ts";
import { resolveStore } from "../cluster/store_options.ts";
import { UsageError } from "./exit_code.ts";
import type { Said } from "./grammar.ts";

const LOOPBACK = "127.0.0.1";

type PermissionFlags = Pick<
  Said<"run">,
  | "allowAll"
  | "offline"
  | "allowRead"
  | "allowWrite"
  | "allowNet"
  | "allowEnv"
  | "allowSys"
  | "allowRun"
  | "allowFfi"
  | "allowImport"
>;

type Scheduling = Pick<
  Said<"start">,
  "name" | "nats" | "credentials" | "listen" | "port" | "scheme" | "hwm" | "keep" | "store" | "durability"
>;

function permissionFlag(name: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  return [value === "" ? `--allow-${name}` : `--allow-${name}=${value}`];
}

/** What the flags grant to tasks. */
export function permissionsOf(said: PermissionFlags): EnginePermissions {
  try {
    return parsePermissionFlags([
      ...(said.allowAll ? ["--allow-all"] : []),
      ...(said.offline ? ["--offline-tasks"] : []),
      ...permissionFlag("read", said.allowRead),
      ...permissionFlag("write", said.allowWrite),
      ...permissionFlag("net", said.allowNet),
      ...permissionFlag("env", said.allowEnv),
      ...permissionFlag("sys", said.allowSys),
      ...permissionFlag("run", said.allowRun),
      ...permissionFlag("ffi", said.allowFfi),
      ...permissionFlag("import", said.allowImport),
    ]);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Reads a credentials file. A file that is missing or is none is wrong usage. */
export async function readCredentials(path: string): Promise<Credentials> {
  try {
    return parseCredentials(await Deno.readTextFile(path), path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`Cannot read the credentials: no file "${path}".`);
    throw new UsageError((error as Error).message);
  }
}

/** The credentials for existing servers: from the file, else the token of the environment, else none. */
export async function givenCredentials(path: string | undefined): Promise<Credentials> {
  if (path !== undefined) return await readCredentials(path);
  const token = Deno.env.get("TROUPE_TOKEN");
  return token ? oneForAll({ token }) : {};
}

/** The credentials that the embedded broker will ask for: made, unless a file names all three. */
async function embeddedCredentials(path: string | undefined): Promise<Credentials> {
  if (path === undefined) return makeCredentials(Deno.env.get("TROUPE_TOKEN") || undefined);
  const given = await readCredentials(path);
  const users = [given.client, given.host, given.controller].map((one) => one?.password && one.user);
  if (!users.some((user) => !user) && new Set(users).size === users.length) return given;
  throw new UsageError(
    `Cannot use the credentials in "${path}" for the embedded broker: it wants "client", "host" and "controller", each ` +
      `with a "user" of its own and a "password"; leave --credentials out to have them made, or name servers by --nats.`,
  );
}

/** Refuses what a later version will have. */
function storeOf({ name, store, durability, nats }: Scheduling): Pick<ControllerConfig, "store"> {
  try {
    const config = resolveStore({ cluster: name, store, durability, onNats: nats !== undefined });
    return config === undefined ? {} : { store: config };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** A name, or the URL of a module that can be used as a scheme. */
async function schemeOf({ scheme }: Scheduling): Promise<string> {
  try {
    return await resolveScheme(scheme);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/** What the flags say of the controller, and the credentials of its cluster. */
export async function controllerOf(
  said: Scheduling,
): Promise<{ readonly controller: ControllerConfig; readonly credentials: Credentials }> {
  const store = storeOf(said);
  if (said.nats !== undefined && (said.listen !== undefined || said.port !== undefined)) {
    throw new UsageError(
      "Cannot use --nats with --listen or --port: these are for the embedded broker; leave them out.",
    );
  }
  const embedded = said.nats === undefined;
  const credentials = embedded ? await embeddedCredentials(said.credentials) : await givenCredentials(said.credentials);
  const broker = { hostname: said.listen ?? LOOPBACK, port: said.port ?? 0, credentials };
  const controller = {
    cluster: said.name,
    broker: embedded ? broker : null,
    servers: said.nats ?? [],
    credential: credentials.controller ?? null,
    scheme: await schemeOf(said),
    hwm: said.hwm,
    keep: said.keep,
    heartbeatMs: HEARTBEAT_MS,
    ...store,
  };
  return { controller, credentials };
}

type EngineFlags =
  & PermissionFlags
  & Pick<Said<"engines">, "name" | "n" | "slots" | "initializer" | "drain" | "engineMemory">;

/** The module that engines run first, where one is given. */
export function initializerOf({ initializer }: Pick<Said<"run">, "initializer">): Pick<HostConfig, "initializer"> {
  if (initializer === undefined) return {};
  try {
    return { initializer: resolveInitializer(initializer) };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** What an engine may take of memory, where that is said. */
export function memoryLimitOf(
  { engineMemory }: Pick<Said<"run">, "engineMemory">,
): Pick<HostConfig, "engineMemoryBytes"> {
  return engineMemory === undefined ? {} : { engineMemoryBytes: engineMemory };
}

/** What the flags say of the host; where it joins is added by the verb. */
export function hostOf(said: EngineFlags): Omit<HostConfig, "controller" | "servers" | "credential" | "credentials"> {
  return {
    cluster: said.name,
    engines: said.n,
    slots: said.slots,
    ...initializerOf(said),
    ...memoryLimitOf(said),
    permissions: permissionsOf(said),
    drainMs: said.drain,
    importConfig: importConfig(),
    daemon: false,
    temporary: false,
  };
}

/** The configuration file in the working directory, so that tasks import what the program would. */
export function importConfig(): string | null {
  for (const name of ["deno.json", "deno.jsonc"]) {
    try {
      if (Deno.statSync(name).isFile) return resolve(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}
