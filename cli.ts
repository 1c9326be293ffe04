/**
 * The command line of Troupe: `deno run -A cli.ts start -n 4`. Everything is in `cli/`.
 * @module
 */
import { main } from "./cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
