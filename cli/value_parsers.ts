/**
 * The kinds of values that options take, each with an error that says what was wanted.
 *
 * Pure but for nothing: text in, value or message out. Used by `grammar.ts`.
 * @module
 */
import { message, string, text, type ValueParser } from "../deps/optique.ts";
import { SCHEMES } from "../cluster/cluster_options.ts";
import { MEMORY_SIZE_WANTED, readEngineMemory } from "../cluster/memory_size.ts";
import { CLUSTER_NAME, DEFAULT_CLUSTER } from "../cluster/profile.ts";

const UNITS_MS: Readonly<Record<string, number>> = { "": 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const UNITS_BYTES: Readonly<Record<string, number>> = { kb: 1_000, mb: 1_000_000, gb: 1_000_000_000 };

/** What is kept of finished tasks, as far as `--keep` says; the rest stays at its default. */
export interface KeepBounds {
  readonly records?: number;
  readonly ageMs?: number;
  readonly bytes?: number;
}

/** What stands before an `@` may be a secret, and is not repeated. */
function withoutSecrets(input: string): string {
  return input.replace(/[^\s/,]*@/g, "***@");
}

function valueParser<T>(
  metavar: string,
  placeholder: T,
  format: (value: T) => string,
  read: (input: string) => T | undefined,
  wanted: string,
  suggested: readonly string[] = [],
): ValueParser<"sync", T> {
  return {
    *suggest(prefix) {
      for (const text of suggested) if (text.startsWith(prefix)) yield { kind: "literal", text };
    },
    mode: "sync",
    metavar: metavar as ValueParser<"sync", T>["metavar"],
    placeholder,
    format,
    parse(input) {
      const value = read(input);
      if (value !== undefined) return { success: true, value };
      return { success: false, error: message`Cannot use ${withoutSecrets(input)}: wanted ${text(wanted)}.` };
    },
  };
}

/** ms from `500`, `500ms`, `10s`, `5m`, `1h`. */
export function readDuration(input: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(input);
  return found === null ? undefined : Number(found[1]) * (UNITS_MS[found[2] ?? ""] ?? 1);
}

function readKeepPart(input: string): KeepBounds | undefined {
  if (/^\d+$/.test(input)) return { records: Number(input) };
  const bytes = /^(\d+)(kb|mb|gb)$/i.exec(input);
  if (bytes !== null) return { bytes: Number(bytes[1]) * (UNITS_BYTES[(bytes[2] ?? "").toLowerCase()] ?? 1) };
  const ageMs = readDuration(input);
  return ageMs === undefined ? undefined : { ageMs };
}

/** `100000,1h,256MB`: how many records, how old, how many bytes; any of them, in any order. */
export function readKeep(input: string): KeepBounds | undefined {
  const parts = input.split(",").map((part) => readKeepPart(part.trim()));
  return parts.includes(undefined) ? undefined : Object.assign({}, ...parts);
}

export const duration: ValueParser<"sync", number> = valueParser(
  "MS",
  0,
  String,
  readDuration,
  "milliseconds, or a number with ms, s, m or h, like 10s",
);

/** Bytes from `512MB` or `2GiB`. */
export const engineMemory: ValueParser<"sync", number> = valueParser(
  "SIZE",
  0,
  (bytes) => `${bytes / 1_000_000}MB`,
  readEngineMemory,
  MEMORY_SIZE_WANTED,
);

export const keep: ValueParser<"sync", KeepBounds> = valueParser<KeepBounds>(
  "BOUNDS",
  {},
  ({ records = 100_000, ageMs = 3_600_000, bytes = 256_000_000 }) =>
    `${records},${ageMs % 3_600_000 === 0 ? `${ageMs / 3_600_000}h` : `${ageMs}ms`},${bytes / 1_000_000}MB`,
  readKeep,
  'records, an age and a size, any of them, like "100000,1h,256MB"',
);

/** A scheme's name or the path of a module; which of them can be had is found out by the verb. */
export const scheme: ValueParser<"sync", string> = {
  ...string({ metavar: "SCHEME" }),
  *suggest(prefix) {
    for (const name of SCHEMES) if (name.startsWith(prefix)) yield { kind: "literal", text: name };
    yield { kind: "file", type: "file", pattern: prefix, extensions: [".ts", ".js", ".mjs"] };
  },
};

export const clusterName: ValueParser<"sync", string> = valueParser(
  "NAME",
  DEFAULT_CLUSTER,
  String,
  (input) => CLUSTER_NAME.test(input) && input.length <= 63 ? input : undefined,
  'a name of 1 to 63 of the characters a-z, 0-9 and "-"',
);

/** How many tasks an engine may have: a number, 0 for no limit, or `auto`. */
export const highWaterMark: ValueParser<"sync", number | "auto"> = valueParser<number | "auto">(
  "N|auto",
  1,
  String,
  (input) => input === "auto" ? "auto" : /^\d+$/.test(input) ? Number(input) : undefined,
  'a whole number (0: no limit), or "auto"',
  ["0", "1", "auto"],
);

/** URLs of NATS servers, separated by commas; a secret in one is refused. */
export const natsUrls: ValueParser<"sync", readonly string[]> = valueParser<readonly string[]>(
  "URL[,URL]",
  [],
  (urls) => urls.join(","),
  (input) => {
    const urls = input.split(",").map((url) => url.trim());
    return urls.every((url) => /^(?:(?:nats|tls):\/\/)?[^\s@/]+$/.test(url)) ? urls : undefined;
  },
  "URLs like nats://10.0.0.5:4222 or tls://…, without user or password (secrets come from --credentials FILE or TROUPE_TOKEN)",
);
