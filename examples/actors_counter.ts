// Actors: a counter with a name, cast to and called from two nodes, kept alive by a supervisor.
import { Actor } from "../actors/actor.ts";
import { ActorSystem } from "../actors/actor_system.ts";
import { childSpec } from "../actors/child_spec.ts";
import { Supervisor } from "../actors/supervisor.ts";
import { MemoryBroker } from "../bus/memory_bus.ts";

class Counter extends Actor {
  #n = 0;
  add(by: number): number {
    if (!Number.isFinite(by)) throw new RangeError(`Cannot add "${by}": it is not a number`);
    return this.#n += by;
  }
}

// Two nodes on a bus in memory. On NATS: ActorSystem.connect({ nats: "nats://127.0.0.1:4222", name: "demo" }).
const broker = new MemoryBroker();
await using here = await ActorSystem.connect({ bus: broker.connect(), name: "demo" });
await using there = await ActorSystem.connect({ bus: broker.connect(), name: "demo" });

await there.spawn(Supervisor, {
  args: [{ children: [childSpec("counter", "permanent", Counter, { name: "counter" })] }],
});

const counter = here.ref<Counter>("counter"); // found on the other node at the first message
counter.cast.add(1); // fire and forget
console.log("after a cast of 1 and a call of 2:", await counter.call.add(2, { timeout: 500 }));

const failed = await counter.call.add(NaN).catch((error) => error); // a throw is a reply, and harms nobody
console.log(`${failed.name}, caused by ${failed.cause.name}`);

using watch = here.watch(counter);
counter.cast.add(NaN); // a throw with nobody to reply to ends the actor; its supervisor starts another
for await (const event of watch) console.log(event.kind, event.kind === "ended" ? event.reason : "");
console.log("the new one counts from 0:", await counter.call.add(1));
