/**
 * A client for `slow_client_test.ts`: asks for many results of 60,000 bytes, says when the first is there, and in the end
 * how many came. Arguments: the connection file, the number of tasks.
 * @module
 */
import { Client } from "../../mod.ts";

const [connectionFile = "", count = "0"] = Deno.args;
const tasks = Number(count);
await using client = await Client.connect({ connectionFile });
const view = client.loadBalancedView();
let [came, bytes] = [0, 0];
// In one turn, so that all of them are submitted before the first result can come.
const results = Array.from(
  { length: tasks },
  (_, index) =>
    view.apply((x: number) => new Uint8Array(60_000).fill(x), index).then((result) => {
      if (came === 0) console.error("the first is there");
      came++;
      bytes += result.length;
    }),
);
await Promise.all(results);
console.error(`all are there: ${came} results of ${bytes} bytes`);
