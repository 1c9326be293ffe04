/**
 * The configuration of a `nats-server` for tests, in the server's own language.
 * @module
 */

/** One user and what it may do; without `permissions` everything. */
export interface NatsServerUser {
  /** The name. */
  readonly user: string;
  /** The password. */
  readonly pass: string;
  /** Allow lists of subjects. */
  readonly permissions?: { readonly publish: readonly string[]; readonly subscribe: readonly string[] };
}

/** Who is let in. */
export type NatsServerAuth = { readonly token: string } | { readonly users: readonly NatsServerUser[] };

/** What shapes the configuration. */
export interface NatsServerSettings {
  /** Default: everybody is let in. */
  readonly auth?: NatsServerAuth;
  /** With streams; default `false`. */
  readonly jetstream?: boolean;
  /** Where it listens; default `127.0.0.1`. */
  readonly hostname?: string;
  /** More lines, as they are. */
  readonly config?: string;
}

/** The text of the file. `port` 0: any free one. */
export function natsServerConfig(port: number, folder: string, settings: NatsServerSettings): string {
  const lines = [`host: ${quote(settings.hostname ?? "127.0.0.1")}`, `port: ${port === 0 ? -1 : port}`];
  if (settings.auth !== undefined) lines.push(`authorization { ${authorization(settings.auth)} }`);
  if (settings.jetstream === true) lines.push(`jetstream { store_dir: ${quote(`${folder}/jetstream`)} }`);
  if (settings.config !== undefined) lines.push(settings.config);
  return `${lines.join("\n")}\n`;
}

function authorization(auth: NatsServerAuth): string {
  if ("token" in auth) return `token: ${quote(auth.token)}`;
  return `users: [${auth.users.map(userEntry).join(", ")}]`;
}

function userEntry({ user, pass, permissions }: NatsServerUser): string {
  const login = `user: ${quote(user)}, password: ${quote(pass)}`;
  if (permissions === undefined) return `{ ${login} }`;
  const { publish, subscribe } = permissions;
  return `{ ${login}, permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)} } }`;
}

function list(subjects: readonly string[]): string {
  return `[${subjects.map(quote).join(", ")}]`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
