// The scenario with the official JavaScript client on Node. Arguments: URL, user, password.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { connect, errors, headers } from "@nats-io/transport-node";

const [servers, user, pass] = process.argv.slice(2);
const LIMIT_MS = 5_000;
const open = (password = pass) => connect({ servers, user, pass: password, reconnect: false });

async function take(subscription, count) {
  const messages = [];
  if (count > 0) {
    for await (const message of subscription) {
      messages.push(message);
      if (messages.length === count) break;
    }
  }
  return messages;
}

const steps = {
  async "publish and subscribe"(one, other) {
    const subscription = other.subscribe("js.plain");
    await other.flush();
    for (let number = 0; number < 100; number++) one.publish("js.plain", String(number));
    const messages = await take(subscription, 100);
    deepEqual(messages.map((message) => Number(message.string())), [...messages.keys()]);
  },
  async "wildcards"(one, other) {
    const got = { star: [], rest: [] };
    other.subscribe("js.*.end", { callback: (_error, message) => got.star.push(message.subject) });
    other.subscribe("js.wild.>", { callback: (_error, message) => got.rest.push(message.subject) });
    await other.flush();
    for (const subject of ["js.wild.end", "js.wild.a.b", "js.x.end", "js.wild"]) one.publish(subject);
    await one.flush();
    await other.flush();
    deepEqual(got, { star: ["js.wild.end", "js.x.end"], rest: ["js.wild.end", "js.wild.a.b"] });
  },
  async "queue group"(one, other) {
    const counts = [0, 0];
    other.subscribe("js.jobs", { queue: "workers", callback: () => counts[0]++ });
    one.subscribe("js.jobs", { queue: "workers", callback: () => counts[1]++ });
    await Promise.all([one.flush(), other.flush()]);
    for (let number = 0; number < 100; number++) one.publish("js.jobs");
    await one.flush();
    await other.flush();
    equal(counts[0] + counts[1], 100);
    ok(counts[0] > 0 && counts[1] > 0, String(counts));
  },
  async "request and reply"(one, other) {
    other.subscribe("js.double", {
      callback: (_error, message) => message.respond(String(2 * Number(message.string()))),
    });
    await other.flush();
    const ask = (number) => one.request("js.double", String(number), { timeout: LIMIT_MS });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, number) => ask(number)));
    deepEqual(answers.map((answer) => Number(answer.string())), [...answers.keys()].map((number) => 2 * number));
  },
  async "headers"(one, other) {
    const subscription = other.subscribe("js.headers");
    await other.flush();
    const sent = headers();
    sent.append("Name", "value");
    sent.append("Name", "second");
    one.publish("js.headers", "body", { headers: sent });
    const [message] = await take(subscription, 1);
    equal(message.string(), "body");
    deepEqual(message.headers.values("Name"), ["value", "second"]);
  },
  async "no responders"(one) {
    await rejects(one.request("js.nobody", "", { timeout: LIMIT_MS }), errors.RequestError);
    await one.request("js.nobody", "", { timeout: LIMIT_MS }).catch((error) =>
      ok(error.isNoResponders(), String(error))
    );
  },
  async "large payload"(one, other) {
    const subscription = other.subscribe("js.large");
    await other.flush();
    const body = new Uint8Array(one.info.max_payload).map((_, index) => index);
    one.publish("js.large", body);
    const [message] = await take(subscription, 1);
    ok(Buffer.from(body).equals(message.data), `${message.data.length} bytes`);
  },
  async "unsubscribe after a maximum"(one, other) {
    let count = 0;
    other.subscribe("js.some", { max: 2, callback: () => count++ });
    await other.flush();
    for (let number = 0; number < 5; number++) one.publish("js.some");
    await one.flush();
    await other.flush();
    equal(count, 2);
  },
  async "wrong password"() {
    await rejects(open("wrong"), /authorization violation/i);
  },
};

const [one, other] = [await open(), await open()];
for (const [name, run] of Object.entries(steps)) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it took too long")), 2 * LIMIT_MS);
  });
  try {
    await Promise.race([run(one, other), limit]);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`failed ${name}: ${String(error).replaceAll("\n", " ")}`);
  }
  clearTimeout(timer);
}
await one.close();
await other.close();
