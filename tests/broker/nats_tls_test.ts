/** A `tls://` address means TLS, whatever the server offers. @module */
import assert from "node:assert/strict";
import { Broker } from "../../broker/broker.ts";
import { connectNats } from "../../bus/nats_bus.ts";
import { ConnectionError } from "../../wire/errors.ts";
import { silentLog } from "../../wire/log.ts";

Deno.test("a tls:// address is never talked to in the clear, also where the server has no TLS", async () => {
  const users = [{ user: "me", password: "open sesame" }];
  await using broker = await Broker.start({ hostname: "127.0.0.1", port: 0, users, log: silentLog });
  const credentials = { user: "me", pass: "open sesame" };
  const servers = broker.url.replace("nats:", "tls:");
  await assert.rejects(
    connectNats({ servers, credentials }),
    (error) => error instanceof ConnectionError && /support 'tls'; set TLS up there/.test(error.message),
  );
  await using bus = await connectNats({ servers: broker.url, credentials });
  assert.equal(bus.status, "connected");
});
