import assert from "node:assert/strict";
import { SchedulerLink } from "../../../host/scheduler_link.ts";
import type { EngineId } from "../../../protocol/ids.ts";
import type { HostHello, HostWelcome } from "../../../protocol/messages.ts";
import { PACKAGE_VERSION } from "../../../protocol/version.ts";
import { FakeClock } from "../../../testing/fake_clock.ts";
import { ConnectionError, TimeoutError } from "../../../wire/errors.ts";

/** A link to a scheduler that answers introductions as it is told to; `said` is what reached it. */
function open(answers: (() => Promise<HostWelcome>)[]) {
  const clock = new FakeClock();
  const said: string[] = [];
  const cast = { engineDraining: (id: number) => said.push(`draining ${id}`) };
  const joinHost = () => {
    said.push("hello");
    return answers.shift()?.() ?? Promise.reject(new ConnectionError("gone"));
  };
  const ref = { cast, call: { joinHost }, drained: () => Promise.resolve() };
  const link = new SchedulerLink({
    system: { ref: () => ref } as never,
    clock,
    log: () => {},
    hello: () => [] as unknown as HostHello,
    joined: () => {},
    refused: (error) => said.push(`refused ${error.message}`),
    search: null,
  });
  const tell = (id: number) => link.tell((to) => to.engineDraining(id as EngineId));
  return { link, clock, said, tell };
}

const WELCOME = [1, [], 1_000, PACKAGE_VERSION] as unknown as HostWelcome;

Deno.test("what happens after an introduction that was not answered in time is told all the same", async () => {
  const timeout = () => Promise.reject(new TimeoutError("no answer within 10000 ms"));
  const { link, clock, said, tell } = open([timeout, () => Promise.resolve(WELCOME)]);
  await link.join();
  tell(3);
  assert.deepEqual(said, ["hello", "draining 3"], "the scheduler may have taken the host without its knowing");
  await clock.run(300);
  tell(4);
  assert.deepEqual([link.joined, said], [true, ["hello", "draining 3", "hello", "draining 4"]]);
  link.close();
});

Deno.test("with the link to the controller its news end, until it is introduced again", async () => {
  const { link, clock, said, tell } = open([]);
  await link.join();
  tell(3);
  assert.deepEqual(said, ["hello"]);
  link.close();
  assert.equal(clock.pending, 0);
});
