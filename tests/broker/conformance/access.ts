/** Who is let in, and to which subjects. @module */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { AuthorizationError } from "../../../wire/errors.ts";
import { bytes, type ConformanceCase, errorTrap, inlet, settle, text } from "./case.ts";
import { within } from "../../../testing/within.ts";

export const accessCases: readonly ConformanceCase[] = [
  {
    name: "wrong credentials are an AuthorizationError that says to check them",
    needs: "credentials",
    async run(server) {
      ok(server.connectWrong);
      await rejects(within(server.connectWrong(), "the refusal"), (error) => {
        ok(error instanceof AuthorizationError, String(error));
        ok(/check the credentials/.test(error.message), error.message);
        return true;
      });
    },
  },
  {
    name: "a restricted connection uses its subjects",
    needs: "permissions",
    async run(server) {
      ok(server.connectRestricted);
      const [free, restricted] = [await server.connect(), await server.connectRestricted()];
      const box = await inlet(restricted, "open.*");
      free.subscribe("open.ask.x", (message) => free.publish(message.reply ?? "", bytes("answer")));
      await free.flush();
      restricted.publish("open.a", bytes("own"));
      equal(text(await restricted.request("open.ask.x", bytes(""))), "answer");
      deepEqual(box.texts, ["own"]);
    },
  },
  {
    name: "publishing to a subject that is not allowed is reported by name, and nothing is delivered",
    needs: "permissions",
    async run(server) {
      ok(server.connectRestricted);
      const trap = errorTrap();
      const free = await server.connect();
      const restricted = await server.connectRestricted({ onError: trap.onError });
      const box = await inlet(free, "secret.>");
      restricted.publish("secret.a", bytes("x"));
      const error = await trap.first();
      ok(error instanceof AuthorizationError, String(error));
      ok(/publish to "secret\.a"/.test(error.message), error.message);
      await settle(restricted, free);
      deepEqual(box.texts, []);
      equal(restricted.status, "connected");
    },
  },
  {
    name: "subscribing to a subject that is not allowed is reported by name, and nothing is delivered",
    needs: "permissions",
    async run(server) {
      ok(server.connectRestricted);
      for (const pattern of ["secret.a", "secret.>", ">", "*.a"]) {
        const trap = errorTrap();
        const free = await server.connect();
        const restricted = await server.connectRestricted({ onError: trap.onError });
        let calls = 0;
        restricted.subscribe(pattern, () => calls++);
        const error = await trap.first();
        ok(error instanceof AuthorizationError, String(error));
        ok(error.message.includes(`subscribe to "${pattern}"`), error.message);
        free.publish("secret.a", bytes("x"));
        await settle(free, restricted);
        equal(calls, 0);
      }
    },
  },
];
