/** Who gets a message. @module */
import { deepEqual, equal } from "node:assert/strict";
import { type Receiver, RoutingTable, Subscription } from "../../../broker/routing_table.ts";
import type { PublishOperation } from "../../../broker/protocol_parser.ts";

/** Keeps `sid subject` of all it got. */
class Listener implements Receiver {
  readonly got: string[] = [];
  readonly ended: string[] = [];
  echo = true;
  onReceive: () => void = () => {};

  receive(subscription: Subscription, message: PublishOperation): void {
    this.got.push(`${subscription.sid} ${message.subject.text}`);
    this.onReceive();
  }

  exhausted(subscription: Subscription): void {
    this.ended.push(subscription.sid);
  }
}

function message(text: string, routable = true): PublishOperation {
  const subject = { text, literal: true, routable };
  return { subject, reply: undefined, headerBytes: 0, payload: new Uint8Array(), owned: true };
}

function subscribe(
  table: RoutingTable,
  receiver: Receiver,
  pattern: string,
  sid: string,
  queue?: string,
): Subscription {
  const subscription = new Subscription(receiver, pattern, queue, sid);
  equal(table.add(subscription), true);
  return subscription;
}

const nobody = new Listener();

Deno.test("all plain subscriptions get a message, each once, and are counted", () => {
  const table = new RoutingTable();
  const [one, two] = [new Listener(), new Listener()];
  subscribe(table, one, "a.*", "1");
  subscribe(table, one, "a.>", "2");
  subscribe(table, two, "a.b", "3");
  subscribe(table, two, "b", "4");
  equal(table.publish(nobody, message("a.b")), 3);
  deepEqual([one.got.sort(), two.got], [["1 a.b", "2 a.b"], ["3 a.b"]]);
  equal(table.publish(nobody, message("c")), 0);
});

Deno.test("a subject with empty tokens reaches nobody", () => {
  const table = new RoutingTable();
  const one = new Listener();
  subscribe(table, one, ">", "1");
  subscribe(table, one, "a.*.b", "2");
  equal(table.publish(nobody, message("a..b", false)), 0);
});

Deno.test("a pattern that is not valid is not added", () => {
  const table = new RoutingTable();
  equal(table.add(new Subscription(nobody, "a..b", undefined, "1")), false);
  equal(table.size, 0);
});

Deno.test("with echo off a receiver gets nothing of its own, and does not count", () => {
  const table = new RoutingTable();
  const one = new Listener();
  one.echo = false;
  subscribe(table, one, "a", "1");
  equal(table.publish(one, message("a")), 0);
  equal(table.publish(nobody, message("a")), 1);
});

Deno.test("chance picks one member of each queue group, across patterns", () => {
  let drawn = 0;
  const table = new RoutingTable(() => drawn);
  const one = new Listener();
  subscribe(table, one, "a", "1", "q");
  subscribe(table, one, "*", "2", "q");
  subscribe(table, one, "a", "3", "other");
  subscribe(table, one, "a", "4");
  const got = (value: number) => {
    drawn = value;
    one.got.length = 0;
    equal(table.publish(nobody, message("a")), 3);
    return one.got.filter((each) => /^[12]/.test(each)).length;
  };
  deepEqual([0, 0.4, 0.6, 0.999].map(got), [1, 1, 1, 1]);
  const members = new Set([0, 0.999].map((value) => {
    got(value);
    return one.got.find((each) => /^[12]/.test(each));
  }));
  equal(members.size, 2);
});

Deno.test("a member that cannot take the message leaves it to the next one", () => {
  for (const drawn of [0, 0.5, 0.99]) {
    const table = new RoutingTable(() => drawn);
    const [own, other] = [new Listener(), new Listener()];
    own.echo = false;
    for (const sid of ["1", "2"]) subscribe(table, own, "a", sid, "q");
    subscribe(table, other, "a", "3", "q");
    equal(table.publish(own, message("a")), 1);
    deepEqual([own.got, other.got], [[], ["3 a"]]);
  }
});

Deno.test("a subscription ends after its maximum, and says so once", () => {
  const table = new RoutingTable();
  const one = new Listener();
  subscribe(table, one, "a", "1").max = 2;
  deepEqual([1, 2, 3].map(() => table.publish(nobody, message("a"))), [1, 1, 0]);
  deepEqual([one.got.length, one.ended, table.size], [2, ["1"], 0]);
});

Deno.test("what is removed while a message is handed out does not get it any more", () => {
  const table = new RoutingTable();
  const [one, two] = [new Listener(), new Listener()];
  const subscriptions = [subscribe(table, one, "a", "1"), subscribe(table, two, "a", "2")];
  one.onReceive = two.onReceive = () => subscriptions.forEach((each) => table.remove(each));
  equal(table.publish(nobody, message("a")), 1);
  equal(one.got.length + two.got.length, 1);
  equal(table.size, 0);
});

Deno.test("subscriptionFor() finds the own plain subscription that waits for the subject", () => {
  const table = new RoutingTable();
  const [one, two] = [new Listener(), new Listener()];
  subscribe(table, one, "r.*", "1", "q");
  subscribe(table, two, "r.>", "2");
  equal(table.subscriptionFor(one, "r.x"), undefined);
  const wanted = subscribe(table, one, "r.*", "3");
  equal(table.subscriptionFor(one, "r.x"), wanted);
  equal(table.subscriptionFor(one, "s"), undefined);
});
