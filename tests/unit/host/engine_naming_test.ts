import assert from "node:assert/strict";
import { EngineNaming } from "../../../host/engine_naming.ts";
import type { EngineId } from "../../../protocol/ids.ts";
import { ConnectionError } from "../../../wire/errors.ts";
import { silentLog } from "../../../wire/log.ts";

/** A fleet on paper, and a controller whose answers the test gives. */
function stage() {
  const asked: number[] = [];
  const answers: PromiseWithResolvers<readonly EngineId[]>[] = [];
  const fleet = {
    unnamed: 0,
    assignIds: (ids: readonly EngineId[]) => void (fleet.unnamed -= ids.length),
  };
  const controller = { isThere: true };
  const naming = new EngineNaming({
    fleet,
    log: silentLog,
    canAsk: () => controller.isThere,
    ask: (count) => {
      asked.push(count);
      const answer = Promise.withResolvers<readonly EngineId[]>();
      answers.push(answer);
      return answer.promise;
    },
  });
  const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
  return { fleet, controller, naming, asked, answers, settled };
}

const ids = (...numbers: number[]) => numbers as EngineId[];

Deno.test("engines that start while others are being named are named in the next request", async () => {
  const { fleet, naming, asked, answers, settled } = stage();
  fleet.unnamed = 2;
  naming.look();
  fleet.unnamed += 3;
  naming.look();
  assert.deepEqual(asked, [2]);
  answers[0]?.resolve(ids(4, 5));
  await settled();
  assert.deepEqual(asked, [2, 3]);
  answers[1]?.resolve(ids(6, 7, 8));
  await settled();
  assert.deepEqual([fleet.unnamed, asked], [0, [2, 3]]);
});

Deno.test("without a controller nobody is asked: the introduction to the next one counts the engines", () => {
  const { fleet, controller, naming, asked } = stage();
  fleet.unnamed = 1;
  controller.isThere = false;
  naming.look();
  assert.deepEqual(asked, []);
});

Deno.test("a controller that dies before it answers costs nothing: the next one is asked for what it did not name", async () => {
  const { fleet, naming, asked, answers, settled } = stage();
  fleet.unnamed = 2;
  naming.look();
  answers[0]?.reject(new ConnectionError("its node is down"));
  await settled();
  assert.deepEqual(asked, [2]);
  fleet.assignIds(ids(9));
  naming.look();
  assert.deepEqual(asked, [2, 1]);
  answers[1]?.resolve(ids(10));
  await settled();
});

Deno.test("a controller that names none, since it does not know the host, is not asked again and again", async () => {
  const { fleet, naming, asked, answers, settled } = stage();
  fleet.unnamed = 1;
  naming.look();
  answers[0]?.resolve([]);
  await settled();
  assert.deepEqual(asked, [1]);
});
