/**
 * The embedded broker alone, in a process of its own, for `raw_nats_bench.ts`.
 *
 * Says its address on stdout; ends when its stdin does.
 * @module
 */
import { Broker } from "../broker/broker.ts";

const [user = "", password = ""] = Deno.args;
await using broker = await Broker.start({ users: [{ user, password }] });
console.log(broker.url);
for await (const _ of Deno.stdin.readable);
