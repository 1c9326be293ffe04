/** Who is let in, and to which subjects. @module */
import { deepEqual, equal, throws } from "node:assert/strict";
import { Authenticator } from "../../../broker/authenticator.ts";
import { compilePermissions, unrestricted } from "../../../broker/permissions.ts";
import { broadcastSubject, nodeSubject, pureSubject, subjectPermissions } from "../../../protocol/subjects.ts";
import { newSession, newTaskSession } from "../../../wire/task_ids.ts";

function credentials(user: string, password: string, token = "") {
  return { user, password, token };
}

Deno.test("a user comes in with the right password only", () => {
  const users = [{ user: "one", password: "first" }, { user: "two", password: "second" }];
  const authenticator = new Authenticator({ users });
  equal(authenticator.required, true);
  equal(authenticator.admit(credentials("one", "first")), unrestricted);
  for (
    const wrong of [
      credentials("one", "second"),
      credentials("one", ""),
      credentials("one", "first "),
      credentials("", "first"),
      credentials("nobody", "first"),
      credentials("", "", "first"),
    ]
  ) {
    equal(authenticator.admit(wrong), undefined, JSON.stringify(wrong));
  }
});

Deno.test("without users nobody comes in; anonymously everybody", () => {
  equal(new Authenticator({}).admit(credentials("", "")), undefined);
  const open = new Authenticator({ allowAnonymous: true });
  deepEqual([open.required, open.admit(credentials("", ""))], [false, unrestricted]);
});

Deno.test("an authenticator holds no password in readable form", () => {
  const authenticator = new Authenticator({ users: [{ user: "one", password: "Passw0rd" }], authToken: "T0ken" });
  equal(/Passw0rd|T0ken/.test(Deno.inspect(authenticator, { depth: 10 })), false);
});

Deno.test("users that make no sense are refused, without their passwords in the message", () => {
  throws(() => new Authenticator({ users: [{ user: "", password: "x" }] }), TypeError);
  throws(() => new Authenticator({ users: [{ user: "a", password: "" }] }), TypeError);
  const twice = { user: "a", password: "Passw0rd" };
  throws(() => new Authenticator({ users: [twice, twice] }), (error) => !String(error).includes("Passw0rd"));
  throws(() => new Authenticator({ users: [twice], allowAnonymous: true }), TypeError);
  throws(() => new Authenticator({ authToken: "" }), TypeError);
  throws(() => new Authenticator({ authToken: "x", allowAnonymous: true }), TypeError);
});

Deno.test("permissionsOf() gives those of the user, and knows no strangers", () => {
  const permissions = { publish: ["a"], subscribe: ["b"] };
  const authenticator = new Authenticator({ users: [{ user: "one", password: "x", permissions }] });
  equal(authenticator.permissionsOf("one").mayPublish("a"), true);
  equal(authenticator.permissionsOf("one").mayPublish("b"), false);
  throws(() => authenticator.permissionsOf("two"), /"two"/);
});

Deno.test("allow lists let through what they cover, and nothing else", () => {
  const { mayPublish, maySubscribe } = compilePermissions({ publish: ["a.*", "b.>", "c"], subscribe: ["a.*", "b.>"] });
  const publish = ["a.x", "b.x", "b.x.y", "c", "a", "a.x.y", "b", "d", "c.x"];
  deepEqual(publish.filter(mayPublish), ["a.x", "b.x", "b.x.y", "c"]);
  const subscribe = ["a.x", "a.*", "b.>", "b.*", "b.x.>", "b.*.y", "a.>", "a", ">", "*", "*.x", "b", "c"];
  deepEqual(subscribe.filter(maySubscribe), ["a.x", "a.*", "b.>", "b.*", "b.x.>", "b.*.y"]);
});

Deno.test("an allow list with an entry that is no pattern is refused", () => {
  throws(() => compilePermissions({ publish: ["a b"], subscribe: [] }), /"a b"/);
  throws(() => compilePermissions({ publish: [], subscribe: ["a..b"] }), /"a\.\.b"/);
});

for (const [subject, fromHosts] of [[pureSubject("mine"), true], [broadcastSubject("mine"), false]] as const) {
  Deno.test(`tasks past the scheduler (${subject}) go from clients to hosts of their cluster, and no other way`, () => {
    const [client, host, controller] = (["client", "host", "controller"] as const).map((role) => {
      const { mayPublish, maySubscribe } = compilePermissions(subjectPermissions("mine", role));
      return [mayPublish(subject), maySubscribe(subject)];
    });
    deepEqual([client, host, controller], [[true, false], [fromHosts, true], [true, true]]);
    for (const role of ["client", "host", "controller"] as const) {
      const { mayPublish, maySubscribe } = compilePermissions(subjectPermissions("other", role));
      deepEqual([mayPublish(subject), maySubscribe(subject)], [false, false]);
    }
  });
}

Deno.test("a host hears the clients in engines, and no other client", () => {
  const task = nodeSubject("mine", "client", newTaskSession());
  const other = nodeSubject("mine", "client", newSession());
  const may = (["client", "host", "controller"] as const).map((role) => {
    const { mayPublish, maySubscribe } = compilePermissions(subjectPermissions("mine", role));
    return [mayPublish(task), maySubscribe(task), mayPublish(other), maySubscribe(other)];
  });
  deepEqual(may, [[false, false, true, true], [true, true, true, false], [true, true, true, true]]);
});

Deno.test("a client of a cluster hears clients only, and speaks to nodes of its own cluster", () => {
  const { mayPublish, maySubscribe } = compilePermissions(subjectPermissions("mine", "client"));
  const subjects = ["controller.c", "host.h", "client.x", "name.scheduler"].map((rest) => `troupe.mine.${rest}`);
  deepEqual(subjects.filter(mayPublish), subjects);
  deepEqual(subjects.filter(maySubscribe), ["troupe.mine.client.x"]);
  equal(mayPublish("troupe.other.client.x"), false);
  equal(maySubscribe("troupe.mine.>"), false);
  equal(maySubscribe("troupe.*.client.x"), false);
});
