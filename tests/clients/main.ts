/**
 * `deno task conformance:clients`: official NATS clients in other languages against the embedded broker.
 *
 * The same programs run against a real `nats-server`, where there is one, so that a failure tells the two apart. Prints a
 * line for each server, language and step; a language that cannot run here is reported with the reason. Exits with 1
 * when a step failed, or when no language could run at all.
 * @module
 */
import { Broker } from "../../broker/broker.ts";
import { findNatsServer, NatsServer } from "../../testing/nats_server.ts";
import { type CommandLine, type Language, languages, missingProgram } from "./languages.ts";
import { readResults, STEPS } from "./scenario.ts";

const PREPARE_LIMIT_MS = 300_000;
const RUN_LIMIT_MS = 120_000;
const USER = "me";

interface Server extends AsyncDisposable {
  readonly kind: string;
  readonly url: string;
}

interface Ended {
  readonly success: boolean;
  readonly output: string;
}

async function embedded(password: string): Promise<Server> {
  const broker = await Broker.start({ users: [{ user: USER, password }] });
  return { kind: "embedded broker", url: broker.url, [Symbol.asyncDispose]: () => broker.stop() };
}

async function real(password: string): Promise<Server> {
  const server = await NatsServer.start({ auth: { users: [{ user: USER, pass: password }] } });
  return { kind: "nats-server", url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function execute({ program, args, cwd }: CommandLine, limitMs: number): Promise<Ended> {
  const child = new Deno.Command(program, { args: [...args], cwd, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Why the language cannot run here, or nothing. */
async function prepare(language: Language, folder: string): Promise<string | undefined> {
  const missing = await missingProgram(language);
  if (missing !== undefined) return `there is no "${missing}" on the PATH`;
  await Deno.mkdir(folder);
  for (const file of language.files) {
    const name = file.slice(file.lastIndexOf("/") + 1);
    await Deno.writeTextFile(`${folder}/${name}`, await Deno.readTextFile(new URL(file, import.meta.url)));
  }
  for (const command of language.prepare(folder)) {
    const { success, output } = await execute(command, PREPARE_LIMIT_MS);
    if (success) continue;
    const last = output.trim().split("\n").slice(-3).join(" / ");
    return `"${command.program} ${command.args.join(" ")}" failed: ${last}`;
  }
  return undefined;
}

/** Prints a line for each step; gives how many failed. */
async function play(language: Language, folder: string, server: Server, password: string): Promise<number> {
  const command = language.run(folder);
  const args = [...command.args, server.url, USER, password];
  const { success, output } = await execute({ ...command, args }, RUN_LIMIT_MS);
  let failures = 0;
  for (const [step, failure] of readResults(output)) {
    console.log(`${server.kind} · ${language.name} · ${step}: ${failure === undefined ? "ok" : `FAILED, ${failure}`}`);
    if (failure !== undefined) failures++;
  }
  if (success && failures === 0) return 0;
  console.log(output);
  return Math.max(1, failures);
}

async function main(): Promise<number> {
  const password = crypto.randomUUID();
  const found = await findNatsServer();
  const folder = await Deno.makeTempDir({ prefix: "troupe-clients-" });
  await using servers = new AsyncDisposableStack();
  servers.defer(() => Deno.remove(folder, { recursive: true }));
  const targets = [servers.use(await embedded(password))];
  if ("path" in found) targets.push(servers.use(await real(password)));
  else console.log(`nats-server: not run, ${found.missing}`);
  let [ran, failures] = [0, 0];
  for (const [index, language] of languages.entries()) {
    const own = `${folder}/${index}`;
    const reason = await prepare(language, own);
    if (reason !== undefined) {
      console.log(`${language.name}: not run, ${reason}`);
      continue;
    }
    ran++;
    for (const server of targets) failures += await play(language, own, server, password);
  }
  console.log(`${ran} of ${languages.length} languages, ${STEPS.length} steps each, ${failures} failed`);
  return failures > 0 || ran === 0 ? 1 : 0;
}

Deno.exitCode = await main();
