/**
 * The other side of `raw_nats_bench.ts`, in a process of its own: gives back whatever it is asked.
 *
 * Says "ready" on stdout; ends when its stdin does.
 * @module
 */
import { connect } from "../deps/nats.ts";

const [servers = "", subject = "", user, pass] = Deno.args;
const connection = await connect({ servers, ...(user && pass ? { user, pass } : {}) });
connection.subscribe(subject, { callback: (_error, message) => void message.respond(message.data) });
await connection.flush();
console.log("ready");
for await (const _ of Deno.stdin.readable);
await connection.close();
