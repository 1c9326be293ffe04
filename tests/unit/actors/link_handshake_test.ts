import assert from "node:assert/strict";
import type { ByeFrame, HelloFrame, ResetFrame } from "../../../actors/frame.ts";
import { Link } from "../../../actors/link.ts";
import { judgeFrame, judgeHello, judgeReset } from "../../../actors/link_handshake.ts";

/** We are `a1`; our link has end 5, our candidate end 6. The peer lived as `b1`, and later as `b2`. */
function opening(generation = 5): Link {
  return new Link({ address: "node.a", incarnation: "a1" }, generation, 1_000, 0);
}

function half(generation = 5, incarnation = "b1", theirs = 10): Link {
  const link = opening(generation);
  link.bind({ incarnation, generation: theirs });
  return link;
}

function open(generation = 5, incarnation = "b1", theirs = 10): Link {
  const link = opening(generation);
  link.open({ incarnation, generation: theirs }, 0);
  return link;
}

function hello(incarnation: string, generation: number, names: [string, number] | null): HelloFrame {
  const [toIncarnation, toGeneration] = names ?? [null, 0];
  return { kind: "hello", from: "node.b", incarnation, generation, toIncarnation, toGeneration, credit: 1_000 };
}

const candidate = () => half(6, "b2", 20);
type Case = [what: string, links: { link: Link | null; candidate: Link | null }, hello: HelloFrame, verdict: string];

const HELLOS: readonly Case[] = [
  ["a stranger", { link: null, candidate: null }, hello("b1", 10, null), "accept"],
  ["an answer to a closed end", { link: null, candidate: null }, hello("b1", 10, ["a1", 4]), "refuse"],
  ["an answer to an earlier life", { link: null, candidate: null }, hello("b1", 10, ["a0", 5]), "refuse"],
  ["both speak first", { link: opening(), candidate: null }, hello("b1", 10, null), "bind"],
  ["the answer", { link: opening(), candidate: null }, hello("b1", 10, ["a1", 5]), "open"],
  ["the answer of the half-bound end", { link: half(), candidate: null }, hello("b1", 10, ["a1", 5]), "open"],
  ["a later life while half bound", { link: half(), candidate: null }, hello("b2", 20, null), "bind"],
  ["a later end while half bound", { link: half(), candidate: null }, hello("b1", 11, null), "bind"],
  ["an earlier end while half bound", { link: half(), candidate: null }, hello("b1", 9, null), "ignore"],
  ["half bound, but it answers another end", { link: half(), candidate: null }, hello("b1", 11, ["a1", 3]), "refuse"],
  ["the peer has not heard us yet", { link: open(), candidate: null }, hello("b1", 10, null), "confirm"],
  ["a repeated answer", { link: open(), candidate: null }, hello("b1", 10, ["a1", 5]), "confirm"],
  ["an earlier end of this life", { link: open(), candidate: null }, hello("b1", 9, null), "ignore"],
  ["a later end of this life", { link: open(), candidate: null }, hello("b1", 11, null), "challenge"],
  ["another life", { link: open(), candidate: null }, hello("b2", 20, null), "challenge"],
  ["another life, once more", { link: open(), candidate: candidate() }, hello("b2", 20, null), "challenge"],
  [
    "another life that heard our first hello",
    { link: open(), candidate: null },
    hello("b2", 1, ["a1", 5]),
    "challenge",
  ],
  ["another life that answers the dead", { link: open(), candidate: null }, hello("b2", 20, ["a0", 5]), "refuse"],
  ["the challenge is met", { link: open(), candidate: candidate() }, hello("b2", 20, ["a1", 6]), "replace"],
  ["the challenge is met by a third", { link: open(), candidate: candidate() }, hello("b3", 30, ["a1", 6]), "refuse"],
  ["a life that has a successor", { link: open(5, "2.b"), candidate: null }, hello("1.b", 99, ["a1", 5]), "ignore"],
  [
    "one whose successor is a candidate",
    {
      link: open(5, "1.b"),
      candidate: half(6, "2.b", 20),
    },
    hello("1.b", 11, null),
    "ignore",
  ],
  ["a successor", { link: open(5, "2.b"), candidate: null }, hello("10.b", 1, null), "challenge"],
  ["the peer gave our link up", { link: open(), candidate: null }, hello("b1", 11, ["a1", 5]), "given-up"],
];

for (const [what, links, frame, verdict] of HELLOS) {
  Deno.test(`hello: ${what}: ${verdict}`, () => assert.equal(judgeHello(links, frame, "a1"), verdict));
}

function bye(incarnation: string, generation: number, toIncarnation: string, toGeneration: number): ByeFrame {
  return { kind: "bye", from: "node.b", incarnation, generation, toIncarnation, toGeneration };
}

Deno.test("a frame belongs to an open link only with both ends right", () => {
  const links = { link: open(), candidate: candidate() };
  assert.equal(judgeFrame(links, bye("b1", 10, "a1", 5), "a1"), "link");
  assert.equal(judgeFrame(links, bye("b1", 10, "a0", 5), "a1"), "dead", "for an earlier life of ours");
  assert.equal(judgeFrame(links, bye("b2", 10, "a1", 5), "a1"), "dead", "from another life");
  assert.equal(judgeFrame(links, bye("b1", 11, "a1", 5), "a1"), "dead", "from another end");
  assert.equal(judgeFrame(links, bye("b1", 10, "a1", 4), "a1"), "dead", "for another end of ours");
  assert.equal(judgeFrame(links, bye("b2", 20, "a1", 6), "a1"), "replaces-link");
  assert.equal(judgeFrame(links, bye("b3", 20, "a1", 6), "a1"), "dead");
});

Deno.test("a frame that names our opening end opens it, whoever we took for the other end", () => {
  assert.equal(judgeFrame({ link: half(), candidate: null }, bye("b2", 20, "a1", 5), "a1"), "opens-link");
  assert.equal(judgeFrame({ link: null, candidate: null }, bye("b2", 20, "a1", 5), "a1"), "dead");
});

Deno.test("a reset takes down the pair it is about and nothing else", () => {
  const links = { link: open(), candidate: candidate() };
  const reset = (to: number, aboutIncarnation: string, aboutGeneration: number): ResetFrame => ({
    ...bye("b1", 0, "a1", to),
    kind: "reset",
    aboutIncarnation,
    aboutGeneration,
  });
  assert.equal(judgeReset(links, reset(5, "b1", 10)), "link");
  assert.equal(judgeReset(links, reset(6, "b2", 20)), "candidate");
  assert.equal(judgeReset(links, reset(5, "b1", 9)), "none");
  assert.equal(judgeReset(links, reset(5, "b2", 10)), "none");
  assert.equal(judgeReset(links, reset(4, "b1", 10)), "none");
  assert.equal(judgeReset(links, { ...reset(5, "b1", 10), toIncarnation: "a0" }), "none");
});
