/**
 * Gets the engine's modules into the cache of this machine, where engines themselves may fetch nothing.
 *
 * Only for engines that are offline and whose modules come from a URL. Called once by the host's actor.
 * @module
 */

/** Rejects with what `deno cache` said where it failed. */
export async function cacheEngineModule(mainModule: string, denoPath: string = Deno.execPath()): Promise<void> {
  const { success, stderr } = await new Deno.Command(denoPath, {
    args: ["cache", "--quiet", "--no-config", "--no-lock", "--node-modules-dir=none", mainModule],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`Cannot load the engine's module "${mainModule}": ${new TextDecoder().decode(stderr).trim()}`);
  }
}

/** Whether the modules have to be in the cache before an engine starts. */
export function mustBeCached(mainModule: string, offline: boolean): boolean {
  return offline && /^https?:/.test(mainModule);
}
