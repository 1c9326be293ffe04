/**
 * The command that starts an engine: program, flags, and a small environment without secrets.
 *
 * Pure but for the reading of the host's environment. The flags are exactly the permissions that tasks are granted. No
 * flag for V8 is among them: none of those that were tried made the start or the idle memory better by more than the
 * noise, and some cost speed. Called for each process by the host's parts.
 * @module
 */
import { TO_BE_INITIALIZED } from "../protocol/pipe_messages.ts";
import { type EnginePermissions, permissionFlags } from "./permissions.ts";

/** How this host starts engines. */
export interface EngineCommandOptions {
  readonly permissions: EnginePermissions;
  /** Folders with credentials, never readable by tasks. */
  readonly secretFolders: readonly string[];
  /** A `deno.json` for what tasks import; `null`: none, whatever lies in the folder. */
  readonly configFile: string | null;
  /** Limit of an engine's heap in MiB; `null`: the runtime's own. */
  readonly memoryMb: number | null;
  /** More flags for `deno run`. */
  readonly extraFlags: readonly string[];
  /** Where the engine's main module is: a file or http(s) URL. */
  readonly mainModule: string;
  /** Path of `setpriv`, which ends an engine with its host even in an endless loop; `null`: there is none. */
  readonly setprivPath: string | null;
  /** It is given a module to run before it is ready. */
  readonly initialized?: boolean;
}

export interface EngineCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** All that an engine inherits: where things are, how texts look, how the network is reached. */
const INHERITED_VARIABLES = [
  "PATH",
  "HOME",
  "USERPROFILE",
  "SYSTEMROOT",
  "TMPDIR",
  "TEMP",
  "TMP",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "XDG_CACHE_HOME",
  "LOCALAPPDATA",
  "DENO_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NPM_CONFIG_REGISTRY",
  "npm_config_registry",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
] as const;

/** The module that engines run, beside this folder, wherever that was loaded from. */
export function engineMainModule(): string {
  return import.meta.resolve("../cluster/engine_main.ts");
}

/** Where `setpriv` is, on a Linux that has it. */
export function findSetpriv(): string | null {
  if (Deno.build.os !== "linux") return null;
  return ["/usr/bin/setpriv", "/bin/setpriv", "/sbin/setpriv", "/usr/sbin/setpriv"].find(isFile) ?? null;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The whole command for one engine. */
export function engineCommand(options: EngineCommandOptions, denoPath: string = Deno.execPath()): EngineCommand {
  const run = ["run", ...engineFlags(options), options.mainModule, ...(options.initialized ? [TO_BE_INITIALIZED] : [])];
  const env = inheritedEnvironment((name) => Deno.env.get(name));
  if (options.setprivPath === null) return { program: denoPath, args: run, env };
  return { program: options.setprivPath, args: ["--pdeathsig", "KILL", "--", denoPath, ...run], env };
}

function engineFlags(options: EngineCommandOptions): string[] {
  return [
    ...permissionFlags(options.permissions, options.secretFolders, options.mainModule),
    "--no-prompt",
    "--quiet",
    "--no-lock",
    "--node-modules-dir=none",
    options.configFile === null ? "--no-config" : `--config=${options.configFile}`,
    ...(options.memoryMb === null ? [] : [`--v8-flags=--max-old-space-size=${options.memoryMb}`]),
    ...options.extraFlags,
  ];
}

/** The variables an engine gets. Nothing else of the host's environment reaches it. */
export function inheritedEnvironment(get: (name: string) => string | undefined): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  for (const name of INHERITED_VARIABLES) {
    const value = get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}
