/**
 * From what tasks are granted to the flags of an engine's process, and nothing more than that.
 *
 * Pure. The folder with credentials is denied wherever reading or writing is granted. Called when a host starts, with
 * what the command line or `Cluster.start` was given.
 * @module
 */

/** Kinds of permission, in the order of their flags. */
const KINDS = ["import", "read", "write", "net", "env", "run", "sys", "ffi"] as const;
type PermissionKind = typeof KINDS[number];

/** What one kind is granted: all of it, none of it, or these. */
type Grant = boolean | readonly string[];

/** What tasks may touch, with every kind decided. `all` is `--allow-all`. */
export interface EnginePermissions {
  readonly grants: Readonly<Record<PermissionKind, Grant>>;
  /** Denied although granted: `--deny-<kind>`. */
  readonly denials: Readonly<Partial<Record<PermissionKind, Grant>>>;
  readonly all: boolean;
  /** Nothing is fetched for an import, `npm:` included. What lies in the cache of the machine can be imported. */
  readonly offline: boolean;
}

const NOTHING: Readonly<Record<PermissionKind, Grant>> = {
  import: false,
  read: false,
  write: false,
  net: false,
  env: false,
  run: false,
  sys: false,
  ffi: false,
};

/** What tasks are granted where nothing else is said: imports. */
export const DEFAULT_PERMISSIONS: EnginePermissions = {
  grants: { ...NOTHING, import: true },
  denials: {},
  all: false,
  offline: false,
};

/**
 * Resolves the option of `Cluster.start`. `"none"`: nothing, and no remote modules. `"inherit"` needs the list of kinds
 * that the program holds in full. Throws `TypeError` for an unknown kind or value.
 */
export function resolvePermissions(
  option: Deno.PermissionOptionsObject | "none" | "inherit" | undefined,
  heldInFull: readonly string[] = [],
): EnginePermissions {
  if (option === undefined) return DEFAULT_PERMISSIONS;
  if (option === "none") return { ...DEFAULT_PERMISSIONS, grants: NOTHING, offline: true };
  if (option === "inherit") return { ...DEFAULT_PERMISSIONS, grants: inherited(heldInFull) };
  if (typeof option !== "object" || option === null) {
    throw new TypeError(`Cannot grant "${String(option)}": permissions are an object, "none" or "inherit"`);
  }
  const grants: Record<PermissionKind, Grant> = { ...NOTHING };
  for (const [kind, value] of Object.entries(option)) {
    if (value === undefined || value === "inherit") continue;
    grants[knownKind(kind)] = checkedGrant(kind, value);
  }
  return { ...DEFAULT_PERMISSIONS, grants };
}

function inherited(heldInFull: readonly string[]): Record<PermissionKind, Grant> {
  const grants: Record<PermissionKind, Grant> = { ...NOTHING };
  for (const kind of KINDS) if (heldInFull.includes(kind)) grants[kind] = true;
  return grants;
}

/**
 * Reads flags as Deno has them: `--allow-read=./data`, `--allow-net`, `--deny-read=./data/secret`, `--allow-all`, `-A`,
 * and `--offline-tasks`. Without any the default holds; with some, imports stay granted unless they are denied.
 */
export function parsePermissionFlags(flags: readonly string[]): EnginePermissions {
  const grants: Record<PermissionKind, Grant> = { ...NOTHING, import: true };
  const denials: Partial<Record<PermissionKind, Grant>> = {};
  let all = false;
  let offline = false;
  for (const flag of flags) {
    if (flag === "--allow-all" || flag === "-A") all = true;
    else if (flag === "--offline-tasks") offline = true;
    else readFlag(flag, grants, denials);
  }
  return { grants, denials, all, offline };
}

function readFlag(
  flag: string,
  grants: Record<PermissionKind, Grant>,
  denials: Partial<Record<PermissionKind, Grant>>,
): void {
  const parts = /^--(allow|deny)-([a-z]+)(?:=(.*))?$/s.exec(flag);
  if (parts === null) throw new TypeError(`Cannot read the permission "${flag}": write it as "--allow-read=./data"`);
  const [, sense, name = "", list] = parts;
  const kind = knownKind(name);
  const grant = list === undefined ? true : checkedGrant(kind, list.split(","));
  const target = sense === "allow" ? grants : denials;
  target[kind] = joined(target[kind], grant);
}

/** Two flags of one kind add up, except that a list narrows the default of imports. */
function joined(before: Grant | undefined, grant: Grant): Grant {
  return Array.isArray(before) && Array.isArray(grant) ? [...before, ...grant] : grant;
}

function knownKind(name: string): PermissionKind {
  const kind = KINDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new TypeError(`Cannot grant "${name}": there is no such permission; the kinds are ${KINDS.join(", ")}`);
}

function checkedGrant(kind: string, value: unknown): Grant {
  if (typeof value === "boolean") return value;
  if (!Array.isArray(value) || value.length === 0) {
    throw new TypeError(`Cannot grant ${kind} "${String(value)}": give true, false or a list that is not empty`);
  }
  return value.map((item) => checkedItem(kind, item));
}

function checkedItem(kind: string, item: unknown): string {
  const text = item instanceof URL && item.protocol === "file:" ? decodeURIComponent(item.pathname) : item;
  if (typeof text !== "string" || text === "" || /[,\0\n]/.test(text)) {
    throw new TypeError(`Cannot grant ${kind} "${String(item)}": an entry is a text without commas, and not empty`);
  }
  return text;
}

/**
 * The flags for `deno run`. `secretFolders` can't be read or written whatever is granted; a main module at a URL can be
 * imported whatever is denied.
 */
export function permissionFlags(
  permissions: EnginePermissions,
  secretFolders: readonly string[],
  mainModule: string,
): string[] {
  const { grants, denials, all, offline } = permissions;
  const flags = all ? ["--allow-all"] : importFlags(permissions, mainModule);
  for (const kind of KINDS) {
    if (kind === "import") continue;
    if (!all) flags.push(...flagOf("allow", kind, grants[kind]));
    const secrets = kind === "read" || kind === "write" ? secretsToDeny(permissions, kind, secretFolders) : [];
    flags.push(...flagOf("deny", kind, joinDenial(denials[kind], secrets)));
  }
  // Not --no-remote and --no-npm: the engine's own modules may be remote, and its codec is a package.
  if (offline) flags.push("--cached-only");
  return flags;
}

/** Without any flag Deno allows a list of well-known hosts: nothing granted has to be said as a denial. */
function importFlags({ grants, denials }: EnginePermissions, mainModule: string): string[] {
  const own = ownHosts(mainModule);
  if (grants.import === false || denials.import === true) {
    return own.length === 0 ? ["--deny-import"] : flagOf("allow", "import", own);
  }
  const granted = grants.import === true ? true : [...grants.import, ...own];
  return [...flagOf("allow", "import", granted), ...flagOf("deny", "import", joinDenial(denials.import, []))];
}

/** The host that the engine's own modules come from; none where they are files. */
function ownHosts(mainModule: string): readonly string[] {
  const url = URL.parse(mainModule);
  if (url === null || !/^https?:$/.test(url.protocol)) return [];
  return [url.port === "" ? `${url.hostname}:${url.protocol === "https:" ? 443 : 80}` : url.host];
}

function secretsToDeny(
  permissions: EnginePermissions,
  kind: PermissionKind,
  folders: readonly string[],
): readonly string[] {
  return permissions.all || permissions.grants[kind] !== false ? folders : [];
}

function joinDenial(denied: Grant | undefined, secrets: readonly string[]): Grant {
  if (denied === true) return true;
  const list = [...(Array.isArray(denied) ? denied : []), ...secrets];
  return list.length > 0 && list;
}

function flagOf(sense: "allow" | "deny", kind: PermissionKind, grant: Grant): string[] {
  if (grant === false) return [];
  return [grant === true ? `--${sense}-${kind}` : `--${sense}-${kind}=${(grant as readonly string[]).join(",")}`];
}
