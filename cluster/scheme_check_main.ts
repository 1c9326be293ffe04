/**
 * Imports the module of a scheme and says by stdout whether that went well. A process of its own: see `scheme_check.ts`.
 * @module
 */
import { failure, report } from "./control_line.ts";
import { importScheme } from "./scheme_module.ts";

try {
  await importScheme(Deno.args[0] ?? "");
  report({ kind: "ready", servers: [] });
} catch (error) {
  report(failure(error));
}
Deno.exit(0);
