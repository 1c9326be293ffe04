/** The SQLite adapter between processes: its lock, sudden death, and disks that are full or can't be written. @module */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { CONTROLLER_FLAGS } from "../../cluster/controller_child.ts";
import { openSqlite } from "../../store/sqlite/open_sqlite.ts";
import { within } from "../../testing/within.ts";
import { RunningCommand } from "./cli_fixture.ts";

const WRITER = new URL("./store_writer.ts", import.meta.url).pathname;

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "troupe-store-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As the controller's process runs, and with write access to the folder of the store alone. */
function writer(folder: string, ...more: readonly string[]): RunningCommand {
  const flags = [...CONTROLLER_FLAGS, `--allow-write=${folder}`, "--no-prompt"];
  return new RunningCommand(["run", ...flags, WRITER, `${folder}/journal.db`, ...more], {});
}

Deno.test("a store that another process has open is refused, and free as soon as that one is killed", () =>
  withFolder(async (folder) => {
    await using holder = writer(folder);
    await holder.line(/^confirmed 5$/);
    await rejects(openSqlite(`${folder}/journal.db`, { durability: "process", cluster: "test" }), {
      name: "StoreError",
      message: new RegExp(`another controller has it open \\(pid ${holder.pid}\\)`),
    });
    await using other = writer(folder);
    match(await other.line(/^StoreError/), /another controller has it open/);
    holder.signal("SIGKILL");
    await holder.ended();
    await using _store = await openSqlite(`${folder}/journal.db`, { durability: "process", cluster: "test" });
  }));

for (const durability of ["process", "power"]) {
  Deno.test(`what a process had confirmed with "${durability}" is there after it was killed`, () =>
    withFolder(async (folder) => {
      for (const last of [40, 100]) {
        await using holder = writer(folder, durability);
        await holder.line(new RegExp(`^confirmed ${last}$`));
        holder.signal("SIGKILL");
        const { stdout } = await holder.ended();
        const confirmed = stdout.split("\n").filter((line) => line.startsWith("confirmed")).length;
        await using store = await openSqlite(`${folder}/journal.db`, { durability: "process", cluster: "test" });
        const numbers: number[] = [];
        for await (const piece of store.journal.read()) {
          if (piece.kind === "entry") numbers.push(Number.parseInt(new TextDecoder().decode(piece.bytes)));
          else ok(piece.kind === "damage" && /had not been confirmed/.test(piece.reason), piece.kind);
        }
        ok(numbers.length >= confirmed, `${numbers.length} are there, ${confirmed} were confirmed`);
        deepEqual(numbers, numbers.map((_, index) => index + 1));
        await store.journal.snapshot((async function* () {})());
      }
    }));
}

const mounts = await canMount();

/** Runs the writer where `options` is mounted, in a name space of its own. */
async function writerOn(folder: string, options: string, ...more: readonly string[]): Promise<string> {
  const script = `mount -t tmpfs -o ${options} tmpfs "$1" && shift && exec "$@"`;
  const args = ["-rm", "/bin/sh", "-c", script, "sh", folder, Deno.execPath(), "run", "-A", WRITER];
  const command = new Deno.Command("unshare", { args: [...args, `${folder}/journal.db`, ...more], stdin: "null" });
  const { stdout } = await within(command.output(), "the end of the writer", 30_000);
  return new TextDecoder().decode(stdout);
}

async function canMount(): Promise<boolean> {
  const args = ["-rm", "/bin/sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"];
  try {
    return (await new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function mountTest(name: string, fn: () => Promise<void>): void {
  const skipped = mounts ? "" : " [skipped: this machine lets nobody mount a file system of their own]";
  Deno.test({ name: `${name}${skipped}`, ignore: !mounts, fn });
}

mountTest("a disk that is full ends the writing with a StoreError that says so", () =>
  withFolder(async (folder) => {
    const output = await writerOn(folder, "size=1m", "power", "20000");
    match(output, /\nconfirmed 20\n/);
    match(output, /\nStoreError: Cannot write the store ".*": the disk is full.*; make room, then start again\.\n$/);
  }));

mountTest("a folder that can't be written is refused before anything is accepted", () =>
  withFolder(async (folder) => {
    const output = await writerOn(folder, "ro");
    match(output, /^StoreError: Cannot open the store ".*": its folder can't be written \(.*\); check its permissions/);
    equal(output.includes("open\n"), false);
  }));
