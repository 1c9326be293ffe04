/** Troupe from a URL, with an empty cache, where there is no deno.json and where there is a package.json. @module */
import assert from "node:assert/strict";
import { CliProcess } from "./cli_process.ts";
import { readSource, sourcePaths } from "./source_copy.ts";

/** The modules come from here and the packages from the registry, each time anew. */
const LIMIT_MS = 60_000;

/** A folder of a user, a cache with nothing in it, and a server with the source. */
class Visit implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** What was asked for and is not there. */
  readonly missing: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #processes = new AsyncDisposableStack();

  private constructor(folder: string, files: ReadonlySet<string>) {
    this.folder = folder;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const path = new URL(request.url).pathname.slice(1);
      if (!files.has(path)) {
        this.missing.push(path);
        return new Response("not here", { status: 404 });
      }
      const type = path.endsWith(".ts") ? "application/typescript" : "application/octet-stream";
      return new Response(await readSource(path), { headers: { "content-type": type } });
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** `files`: what lies in the folder. */
  static async open(files: Readonly<Record<string, string>>): Promise<Visit> {
    const folder = await Deno.makeTempDir({ prefix: "troupe-visit-" });
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    return new Visit(folder, new Set(await Array.fromAsync(sourcePaths())));
  }

  /** Writes a script that has this export of `mod.ts` from the URL; its name. */
  async script(name: string, imported: string, text: string): Promise<string> {
    const origin = JSON.stringify(`${this.url}/mod.ts`);
    await Deno.writeTextFile(`${this.folder}/${name}`, `import { ${imported} } from ${origin};\n${text}`);
    return name;
  }

  /** What `deno run -A …` in the folder says; it must end well. */
  async run(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const env = { TROUPE_HOME: `${this.folder}/.home`, DENO_DIR: `${this.folder}/.cache` };
    const running = this.#processes.use(new CliProcess(["deno", "run", "-A", ...args], env, this.folder));
    const { code, stdout, stderr } = await running.ends(LIMIT_MS);
    assert.equal(code, 0, `${stderr}\nnot found: ${this.missing.join(", ")}`);
    return { stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.disposeAsync();
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const OWN_CLUSTER = `
await using cluster = await Cluster.start({ n: 2 });
await using client = await cluster.connect();
const lview = client.loadBalancedView();
const squares = await lview.map((x: number) => x * x, [1, 2, 3]);
const power = await lview.apply((x: number) => x ** 10, 3);
const big = await lview.apply((bytes: Uint8Array) => bytes.length, new Uint8Array(200_000));
const nested = await lview.apply(async () => {
  // deno-lint-ignore no-explicit-any -- the script imports one name, and this is another
  const { client } = (globalThis as any).currentTask();
  return await client.loadBalancedView().map((x: number) => x + 1, [1, 2]);
});
console.log(JSON.stringify({ squares, power, big, everywhere: await client.directView().apply(() => 7), nested }));
`;
const OWN_CLUSTER_SAYS = { squares: [1, 4, 9], power: 59049, big: 200_000, everywhere: [7, 7], nested: [2, 3] };

const FOUND_CLUSTER = `
await using client = await Client.connect();
const doubled = await client.loadBalancedView().map((x: number) => 2 * x, Deno.args.map(Number));
console.log(JSON.stringify({ engines: client.ids.length, doubled }));
`;

/** A program with a cluster of its own, one in the background, and a script with a private one. */
async function walk(visit: Visit, flags: readonly string[]): Promise<void> {
  const cli = `${visit.url}/cli.ts`;
  const own = await visit.run(...flags, await visit.script("own.ts", "Cluster", OWN_CLUSTER));
  assert.deepEqual(JSON.parse(own.stdout), OWN_CLUSTER_SAYS);

  const found = await visit.script("found.ts", "Client", FOUND_CLUSTER);
  assert.match((await visit.run(...flags, cli, "start", "-n", "4", "--daemon")).stderr, /is running: 4 engines/);
  try {
    const { engines } = JSON.parse((await visit.run(...flags, cli, "status", "--json")).stdout);
    assert.deepEqual(engines.map(({ state }: { readonly state: string }) => state), Array(4).fill("idle"));
    const { stdout } = await visit.run(...flags, found, "1", "2");
    assert.deepEqual(JSON.parse(stdout), { engines: 4, doubled: [2, 4] });
  } finally {
    assert.match((await visit.run(...flags, cli, "stop")).stderr, /Stopped the cluster "default"/);
  }
  const { stdout } = await visit.run(...flags, cli, "run", "-n", "2", found, "3", "4");
  assert.deepEqual(JSON.parse(stdout), { engines: 2, doubled: [6, 8] });
  assert.deepEqual(visit.missing, []);
}

Deno.test("from a URL, with an empty cache and no deno.json in reach, programs and the command line work", async () => {
  await using visit = await Visit.open({});
  await walk(visit, []);
});

Deno.test("from a URL they work beside a package.json too, which gets no node_modules", async () => {
  await using visit = await Visit.open({ "package.json": '{ "name": "somebody", "type": "module" }' });
  await walk(visit, ["--node-modules-dir=none"]);
  await assert.rejects(Deno.stat(`${visit.folder}/node_modules`), Deno.errors.NotFound);
});

Deno.test("beside a deno.json with names for imports, tasks import by these names", async () => {
  const config = { imports: { "#shapes": "npm:@msgpack/msgpack@3.1.3" } };
  await using visit = await Visit.open({ "deno.json": JSON.stringify(config) });
  const script = await visit.script(
    "named.ts",
    "Client",
    `
await using client = await Client.connect();
const bytes = await client.loadBalancedView().apply(async (x: number, name: string) => {
  const { encode } = await import(name);
  return encode(x);
}, 7, "#shapes");
console.log(JSON.stringify([...bytes]));
`,
  );
  const { stdout } = await visit.run(`${visit.url}/cli.ts`, "run", "-n", "1", script);
  assert.deepEqual(JSON.parse(stdout), [7]);
});
