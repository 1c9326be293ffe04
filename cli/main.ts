/**
 * Reads the command line, loads the verb it names and turns what comes of it into an exit code.
 *
 * Each verb is a file of its own, loaded only when it is asked for. Called by `cli.ts`.
 * @module
 */
import { message, run } from "../deps/optique.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { jsonLine } from "../cluster/process_log.ts";
import { TroupeError } from "../wire/errors.ts";
import { EXIT, exitCodeOf, UsageError } from "./exit_code.ts";
import { type CommandLine, grammar } from "./grammar.ts";

const BARE_ALLOW = /^--allow-(?:read|write|net|env|sys|run|ffi|import)$/;

/** `--allow-read` alone grants all of it, as in Deno; the parser wants a value, and an empty one says the same. */
function withValues(args: readonly string[]): string[] {
  return args.map((arg) => BARE_ALLOW.test(arg) ? `${arg}=` : arg);
}

/** Splits the arguments of `run`: what follows its script is the script's own, and no parser of ours sees it. */
function splitAtScript(args: readonly string[]): readonly [own: readonly string[], scripts: readonly string[]] {
  if (args[0] !== "run") return [args, []];
  const script = args.findIndex((arg, index) =>
    index > 0 && !arg.startsWith("-") && !/^(?:-n|--engines|--initializer)$/.test(args[index - 1] ?? "")
  );
  return script < 0 ? [args, []] : [args.slice(0, script + 1), args.slice(script + 1)];
}

async function perform(said: CommandLine, scriptArgs: readonly string[]): Promise<number> {
  switch (said.verb) {
    case "start":
      return (await import("./start.ts")).start(said);
    case "engines":
      return (await import("./engines.ts")).engines(said);
    case "controller":
      return (await import("./controller.ts")).controller(said);
    case "run":
      return (await import("./run.ts")).run(said, scriptArgs);
    case "status":
      return (await import("./status.ts")).status(said);
    case "list":
      return (await import("./list.ts")).list(said);
    case "stop":
      return (await import("./stop.ts")).stop(said);
    case "logs":
      return (await import("./logs.ts")).logs(said);
    case "nats-users":
      return (await import("./nats_users.ts")).natsUsers(said);
    case "clean":
      return (await import("./clean.ts")).clean(said);
  }
}

function explain(error: unknown): string {
  if (error instanceof TroupeError || error instanceof UsageError) return error.message;
  if (error instanceof TypeError || error instanceof RangeError) return error.message;
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return `${error.message}; or run this with all that it needs: deno run -A cli.ts …`;
  }
  // Ours say what could not be done; of others the place is all there is to go by.
  return error.message.startsWith("Cannot ") ? error.message : error.stack ?? String(error);
}

/** Runs one command; its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [own, scriptArgs] = splitAtScript(args);
  const said = run(grammar(navigator.hardwareConcurrency), {
    programName: "troupe",
    args: withValues(own),
    brief: message`Parallel and distributed computing for TypeScript. What a verb takes: troupe VERB --help`,
    help: "both",
    version: { value: PACKAGE_VERSION, option: true },
    completion: "command",
    // Who says nothing wants to know what there is to say.
    aboveError: own.length === 0 ? "help" : "none",
    errorExitCode: EXIT.usage,
    showDefault: true,
    // All flags of all verbs in one line help nobody.
    usageLine: [{ type: "literal", value: "VERB" }, { type: "literal", value: "…" }],
    stderr: (text) =>
      console.error(/^Error/.test(text) ? `${text}\nSee "troupe --help", or "troupe VERB --help".` : text),
  });
  try {
    return await perform(said, scriptArgs);
  } catch (error) {
    const isJson = "logFormat" in said && said.logFormat === "json";
    console.error(isJson ? jsonLine({ cluster: said.name }, "error", explain(error)) : `Error: ${explain(error)}`);
    return exitCodeOf(error);
  }
}
