/**
 * Where a real `nats-server` is on this machine, brought into a cache folder where there is none.
 *
 * Nothing of the system is touched: on Debian and its relatives the package is downloaded and unpacked beside, never
 * installed. Elsewhere the answer says what to install. Called by `nats_server.ts` and by tests that must say why they
 * cannot run.
 * @module
 */

/** The binary, or why there is none and what to do. */
export type FoundNatsServer = { readonly path: string } | { readonly missing: string };

const INSTALL_HINT = "put a nats-server (2.9 or later, from https://github.com/nats-io/nats-server/releases, " +
  '"brew install nats-server" or "apt install nats-server") on the PATH';

/** On the PATH, in the cache, or from Debian's archive into the cache. */
export async function findNatsServer(): Promise<FoundNatsServer> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    if (folder !== "" && await isFile(`${folder}/nats-server`)) return { path: `${folder}/nats-server` };
  }
  const cache = cacheFolder();
  if (cache === undefined) return { missing: `no nats-server on the PATH, and no HOME for a cache: ${INSTALL_HINT}` };
  const cached = `${cache}/usr/sbin/nats-server`;
  if (await isFile(cached)) return { path: cached };
  const failure = await bringFromDebian(cache);
  if (failure === undefined && await isFile(cached)) return { path: cached };
  return { missing: `no nats-server on the PATH, and ${failure ?? "the package holds none"}: ${INSTALL_HINT}` };
}

function cacheFolder(): string | undefined {
  const home = Deno.env.get("HOME");
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? (home && `${home}/.cache`);
  return caches ? `${caches}/troupe/nats-server-${Deno.build.arch}` : undefined;
}

/** Unpacks into a folder of its own and renames that, so that two runs at once do no harm. Gives why it failed. */
async function bringFromDebian(target: string): Promise<string | undefined> {
  if (!await succeeds("apt-get", ["--version"]) || !await succeeds("dpkg-deb", ["--version"])) {
    return "no apt-get to download one with";
  }
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: target.slice(0, target.lastIndexOf("/")), prefix: "unpacking-" });
  try {
    const download = () => succeeds("apt-get", ["download", "nats-server"], folder);
    if (!await download() && !(await succeeds("apt-get", ["update"]) && await download())) {
      return '"apt-get download nats-server" failed';
    }
    const archive = await debFileIn(folder);
    if (archive === undefined || !await succeeds("dpkg-deb", ["-x", archive, `${folder}/out`])) {
      return '"dpkg-deb -x" could not unpack the package';
    }
    await moveInto(`${folder}/out`, target);
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function moveInto(folder: string, target: string): Promise<void> {
  try {
    await Deno.rename(folder, target);
  } catch (error) {
    // Another run was faster: its copy is as good.
    if (!await isFile(`${target}/usr/sbin/nats-server`)) throw error;
  }
}

async function debFileIn(folder: string): Promise<string | undefined> {
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.endsWith(".deb")) return `${folder}/${entry.name}`;
  }
  return undefined;
}

async function succeeds(command: string, args: string[], cwd?: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args,
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
