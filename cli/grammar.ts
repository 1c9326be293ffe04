/**
 * The grammar of the command line: verbs, options, their help. What is wrong with a flag is found here.
 *
 * Parses and explains only; the verbs' own files do the work. Called by `main.ts`.
 * @module
 */
import {
  argument,
  choice,
  command,
  constant,
  group,
  type InferValue,
  integer,
  merge,
  message,
  object,
  option,
  optional,
  or,
  string,
  text,
  withDefault,
} from "../deps/optique.ts";
import { SCHEMES } from "../cluster/cluster_options.ts";
import { DEFAULT_CLUSTER } from "../cluster/profile.ts";
import { clusterName, duration, engineMemory, highWaterMark, keep, natsUrls, scheme } from "./value_parsers.ts";

const path = (metavar: "FILE" | "SCRIPT") => string({ metavar });

const named = {
  name: withDefault(option("--name", clusterName, { description: message`Which cluster.` }), DEFAULT_CLUSTER),
};

const json = { json: option("--json", { description: message`Print one JSON document.` }) };

function engineCount(fallback: number) {
  return {
    n: withDefault(
      option("-n", "--engines", integer({ min: 1 }), { description: message`How many engines.` }),
      fallback,
    ),
  };
}

const joining = {
  nats: optional(option("--nats", natsUrls, { description: message`Existing NATS servers to run on.` })),
  credentials: optional(
    option("--credentials", path("FILE"), {
      description: message`File with the credentials for the servers; or put a token into TROUPE_TOKEN.`,
    }),
  ),
};

const brokering = {
  listen: optional(
    option("--listen", string({ metavar: "ADDRESS" }), {
      description: message`Address of the embedded broker; 127.0.0.1 unless given.`,
    }),
  ),
  port: optional(
    option("--port", integer({ min: 0, max: 65_535 }), {
      description: message`Port of the embedded broker; a free one unless given.`,
    }),
  ),
};

const scheduling = {
  scheme: withDefault(
    option("--scheme", scheme, {
      description: message`How engines are picked: ${
        text(SCHEMES.join(", "))
      }, or a module of your own, like ./mine.ts.`,
    }),
    "leastload",
  ),
  hwm: withDefault(
    option("--hwm", highWaterMark, {
      description:
        message`Tasks an engine may have at a time; 0: no limit; auto: what it is expected to finish in 5 ms.`,
    }),
    1,
  ),
  keep: withDefault(
    option("--keep", keep, {
      description: message`How much is kept of finished tasks, like 100000,1h,256MB.`,
    }),
    {},
  ),
  store: withDefault(
    option("--store", choice(["memory", "sqlite", "jetstream"], { metavar: "STORE" }), {
      description:
        message`What outlives the controller: memory: nothing; sqlite: tasks and results, in a file; jetstream: the same, on the NATS servers.`,
    }),
    "memory",
  ),
  durability: optional(
    option("--durability", choice(["none", "process", "power"], { metavar: "LEVEL" }), {
      description:
        message`What the store survives: no crash for sure, that of the controller (unless told otherwise), that of the machine.`,
    }),
  ),
};

const logging = {
  logFormat: withDefault(
    option("--log-format", choice(["text", "json"], { metavar: "FORMAT" }), {
      description: message`How lines are written to stderr: text, or json, one document a line.`,
    }),
    "text",
  ),
};

const initializer = optional(
  option("--initializer", string({ metavar: "MODULE" }), {
    description: message`Module whose default export each engine calls before it is ready, to load a model, say.`,
  }),
);

const memoryLimit = {
  engineMemory: optional(
    option("--engine-memory", engineMemory, {
      description: message`What an engine may take of memory, all in all, like 512MB; no limit unless given.`,
    }),
  ),
};

const engineOptions = {
  initializer,
  ...memoryLimit,
  slots: withDefault(
    option("--slots", integer({ min: 1 }), {
      description: message`Tasks an engine runs at a time; more than 1 is for tasks that await.`,
    }),
    1,
  ),
  drain: withDefault(
    option("--drain", duration, { description: message`How long running tasks may finish when engines stop.` }),
    10_000,
  ),
};

type AllowFlag = `--allow-${"read" | "write" | "net" | "env" | "sys" | "run" | "ffi" | "import"}`;

function allow(flag: AllowFlag, metavar: "PATHS" | "HOSTS" | "NAMES" | "PROGRAMS", what: string) {
  const description = message`${text(what)}: these, with commas between them, or all where none is named.`;
  return optional(option(flag, string({ metavar }), { description }));
}

const permissions = group(
  "What tasks may touch (nothing but imports unless granted)",
  object({
    allowAll: option("--allow-all", { description: message`Everything.` }),
    offline: option("--offline-tasks", { description: message`Not even imports.` }),
    allowRead: allow("--allow-read", "PATHS", "Read files"),
    allowWrite: allow("--allow-write", "PATHS", "Write files"),
    allowNet: allow("--allow-net", "HOSTS", "Reach the network"),
    allowEnv: allow("--allow-env", "NAMES", "Read environment variables"),
    allowSys: allow("--allow-sys", "NAMES", "Ask the system"),
    allowRun: allow("--allow-run", "PROGRAMS", "Run programs"),
    allowFfi: allow("--allow-ffi", "PATHS", "Load native libraries"),
    allowImport: allow("--allow-import", "HOSTS", "Import from hosts"),
  }),
);

/** All that can be said on the command line. */
export function grammar(cores: number) {
  const start = command(
    "start",
    merge(
      object({
        verb: constant("start"),
        daemon: option("--daemon", { description: message`In the background; returns when the engines are ready.` }),
        ...engineCount(cores),
        ...named,
        ...logging,
      }),
      object({ ...joining, ...brokering, ...scheduling }),
      object(engineOptions),
      permissions,
    ),
    { brief: message`Start a cluster: controller and engines.` },
  );
  const engines = command(
    "engines",
    merge(
      object({
        verb: constant("engines"),
        ...engineCount(cores),
        ...named,
        ...logging,
        ...joining,
        connection: optional(
          option("--connection", path("FILE"), { description: message`Connection file of the cluster to join.` }),
        ),
        wait: withDefault(
          option("--wait", duration, { description: message`How long to look for the controller of the cluster.` }),
          30_000,
        ),
      }),
      object(engineOptions),
      permissions,
    ),
    { brief: message`Bring engines to a running cluster, from this or another machine.` },
  );
  const controller = command(
    "controller",
    merge(
      object({
        verb: constant("controller"),
        standby: option("--standby", {
          description: message`Wait to take over from the one that leads; with --store jetstream.`,
        }),
        ...named,
        ...logging,
      }),
      object({ ...joining, ...brokering, ...scheduling }),
    ),
    { brief: message`Run scheduler and hub only.` },
  );
  const run = command(
    "run",
    merge(
      object({ verb: constant("run"), ...engineCount(cores), initializer, ...memoryLimit }),
      permissions,
      object({
        script: argument(path("SCRIPT"), { description: message`The script; what follows it are its own arguments.` }),
      }),
    ),
    { brief: message`Run a script against a cluster of its own; its exit code.` },
  );
  const status = command(
    "status",
    object({
      verb: constant("status"),
      ...named,
      tree: option("--tree", { description: message`Who runs under whom, since when, and what ended last.` }),
      ...json,
    }),
    { brief: message`What a cluster is doing.` },
  );
  const list = command("list", object({ verb: constant("list"), ...json }), {
    brief: message`The clusters of this machine.`,
  });
  const stop = command(
    "stop",
    object({
      verb: constant("stop"),
      ...named,
      all: option("--all", { description: message`All clusters of this machine.` }),
    }),
    { brief: message`Stop a cluster; running tasks may finish.` },
  );
  const logs = command(
    "logs",
    object({
      verb: constant("logs"),
      ...named,
      follow: option("-f", "--follow", { description: message`Go on as lines are written.` }),
      json: option("--json", { description: message`Print the lines as they are: one JSON document each.` }),
    }),
    { brief: message`Print the log of a cluster.` },
  );
  const stores = option("--stores", { description: message`Stored tasks and results as well.` });
  const clean = command("clean", object({ verb: constant("clean"), stores }), {
    brief: message`Remove the files of clusters that do not run.`,
  });
  const natsUsers = command(
    "nats-users",
    object({
      verb: constant("nats-users"),
      ...named,
      out: withDefault(
        option("--out", string({ metavar: "FOLDER" }), { description: message`Where to write the files.` }),
        ".",
      ),
    }),
    { brief: message`Write users with the rights of their roles for a nats-server.` },
  );
  return or(or(start, engines, controller, run), or(status, list, stop, logs, clean), natsUsers);
}

/** What was said. */
export type CommandLine = InferValue<ReturnType<typeof grammar>>;

/** What was said to one verb. */
export type Said<Verb extends CommandLine["verb"]> = Extract<CommandLine, { readonly verb: Verb }>;
