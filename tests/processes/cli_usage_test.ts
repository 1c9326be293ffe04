/** What is wrong with a command line is said with exit code 2, before anything starts. @module */
import assert from "node:assert/strict";
import { CliFixture } from "./cli_fixture.ts";

const AT_A_TIME = 3;

interface Wrong {
  readonly args: string;
  readonly says: RegExp;
}

const WRONG: readonly Wrong[] = [
  { args: "", says: /Usage: troupe VERB[\s\S]*No matching command/ },
  { args: "begin", says: /"?begin/ },
  { args: "start --foo", says: /--foo/ },
  { args: "start extra", says: /extra/ },
  { args: "start -n 0", says: /-n.*1.*"0"/ },
  { args: "start -n -3", says: /-3/ },
  { args: "start -n abc", says: /-n.*integer.*"abc"/ },
  { args: "start -n 1.5", says: /"1\.5"/ },
  { args: "start --name a.b", says: /"a\.b".*a-z, 0-9/ },
  { args: "start --name a|b", says: /"a b".*a-z, 0-9/ },
  { args: "start --name My", says: /"My".*a-z, 0-9/ },
  { args: "stop --name ../x", says: /"\.\.\/x".*a-z, 0-9/ },
  { args: "start --port 70000", says: /--port.*65,?535/ },
  { args: "start --hwm -1", says: /--hwm.*whole number/ },
  { args: "start --drain soon", says: /--drain.*10s/ },
  { args: "start --keep much", says: /--keep.*100000,1h,256MB/ },
  { args: "start --store paper", says: /--store.*paper/ },
  { args: "start --store jetstream", says: /embedded broker.*--nats.*"sqlite"/ },
  { args: "start --durability power", says: /in memory: use the store "sqlite"/ },
  { args: "controller --standby", says: /--standby with --store jetstream and --nats/ },
  { args: "start --engine-memory 1", says: /Cannot use "1": wanted a number and a unit/ },
  { args: "engines --engine-memory 64MB", says: /Cannot use "64MB": wanted .* at least 128MB/ },
  { args: "start --hwm all", says: /--hwm.*or "auto"/ },
  { args: "start --scheme fastest", says: /"fastest": there are leastload, lru, .*"\.\/mine\.ts"/ },
  { args: "start --scheme ./nowhere.ts", says: /nowhere\.ts": its module can't be imported/ },
  { args: "controller --scheme data:text/javascript,export|{}", says: /its default export is missing/ },
  { args: "start --slots 0", says: /--slots.*1.*"0"/ },
  { args: "start --initializer nowhere.ts", says: /initializer "nowhere\.ts": there is no such file/ },
  { args: "engines --initializer model", says: /initializer "model": it is a module, by its path/ },
  { args: "engines --slots many", says: /--slots.*integer.*"many"/ },
  { args: "start --nats nats://10.0.0.5:4222 --port 4222", says: /--nats with --listen or --port/ },
  { args: "start --nats http://10.0.0.5", says: /nats:\/\/10\.0\.0\.5:4222/ },
  { args: "start --nats nats://127.0.0.1:1 --credentials NOFILE", says: /no file "NOFILE"/ },
  { args: "engines --nats nats://127.0.0.1:1 --connection FILE", says: /both --nats and --connection/ },
  { args: "start --allow-everything", says: /--allow-everything/ },
  { args: "run", says: /SCRIPT/ },
  { args: "run nowhere.ts", says: /"nowhere\.ts": there is no such file/ },
];

Deno.test("wrong usage is told from failure, and nothing starts", async (t) => {
  await using fixture = await CliFixture.create();
  const rest = [...WRONG];
  const worker = async () => {
    for (let wrong = rest.shift(); wrong !== undefined; wrong = rest.shift()) {
      const { args, says } = wrong;
      const words = args.split(" ").filter(Boolean).map((word) => word.replace("|", " "));
      const { code, stdout, stderr } = await fixture.run(words);
      await t.step({
        name: `"${args}"`,
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
        fn() {
          assert.equal(code, 2, stderr);
          assert.match(stderr, says);
          assert.doesNotMatch(stderr, /\n\s+at /, "no stack for a user's mistake");
          assert.equal(stdout, "");
        },
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  assert.deepEqual([...Deno.readDirSync(fixture.home)], []);
});

Deno.test("a secret in a URL is refused, and not repeated", async () => {
  await using fixture = await CliFixture.create();
  const { code, stderr } = await fixture.run(["start", "--nats", "nats://ann:hunter2@10.0.0.5:4222"]);
  assert.equal(code, 2);
  assert.match(stderr, /--credentials FILE or TROUPE_TOKEN/);
  assert.doesNotMatch(stderr, /hunter2/);
});

Deno.test("credentials that the embedded broker can't ask for are refused", async () => {
  await using fixture = await CliFixture.create();
  const path = await fixture.file("token.json", '{"token":"abc"}');
  const { code, stderr } = await fixture.run(["start", "--credentials", path]);
  assert.equal(code, 2);
  assert.match(stderr, /"client", "host" and "controller"/);
});

Deno.test("help and completion of every verb are there", async () => {
  await using fixture = await CliFixture.create();
  const verbs = ["start", "engines", "controller", "run", "status", "list", "stop", "logs", "clean"];
  const rest = verbs.map((verb) => ({ args: [verb, "--help"], says: new RegExp(`Usage: troupe ${verb}`) }));
  rest.push({ args: ["--help"], says: new RegExp(verbs.join("[^]*")) });
  rest.push({ args: ["help", "start"], says: /Usage: troupe start/ });
  rest.push({ args: ["--version"], says: /^\d+\.\d+\.\d+/ });
  rest.push(...["bash", "zsh", "fish", "pwsh", "nu"].map((shell) => ({ args: ["completion", shell], says: /troupe/ })));
  rest.push({ args: ["completion", "bash", "sta"], says: /start[^]*status/ });
  rest.push({ args: ["completion", "bash", "start", "--scheme", ""], says: /leastload[^]*weighted[^]*file/ });
  rest.push({ args: ["completion", "bash", "start", "--hwm", "a"], says: /^auto/ });
  const worker = async () => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const { code, stdout, stderr } = await fixture.run(next.args);
      assert.equal(code, 0, `${next.args.join(" ")}: ${stderr}`);
      assert.match(stdout, next.says, next.args.join(" "));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
});

Deno.test("without permissions it says how it is run", async () => {
  await using fixture = await CliFixture.create();
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("../../cli.ts", import.meta.url).href, "status"],
    env: { TROUPE_HOME: fixture.home, NO_COLOR: "1" },
  });
  const { code, stderr } = await command.output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /^Error: Requires env access.*: deno run -A cli\.ts …$/m);
});
