/**
 * The initializer of engines as one text: the user's module with all that it imports, so that an engine needs no
 * permission to read it and every engine runs the same.
 *
 * Runs `deno bundle` once, when a host starts. Called by `host_service.ts`.
 * @module
 */

/** Rejects with what the bundler said where the module can't be had. `url` is that of a file, or http(s). */
export async function bundleInitializer(url: string, denoPath: string = Deno.execPath()): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(denoPath, {
    args: ["bundle", "--quiet", "--no-lock", "--platform=deno", "--format=esm", url],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr).trim();
  throw new TypeError(
    `Cannot load the initializer "${url}": ${said}; it is a module with a function as default export`,
  );
}
