/**
 * A host to be killed: starts an engine, gives it the function named by the first argument, says its process id. With
 * `without setpriv` as the second the system does not end the engine with it.
 *
 * Run by `engine_orphans_test.ts` as a child.
 * @module
 */
import { FleetFixture } from "./engine_fixture.ts";

const [source, without] = Deno.args;
const fixture = await FleetFixture.start(1, without === "without setpriv" ? { command: { setprivPath: null } } : {});
if (source !== undefined) {
  void fixture.submit(source).end.catch(() => {});
  await fixture.until(() => fixture.news.some((news) => news.kind === "published"));
}
console.log(fixture.fleet.ready[0]?.pid);
await new Promise(() => {});
