/** Matching against the plain definition, over generated patterns and subjects. @module */
import { deepEqual, equal, throws } from "node:assert/strict";
import { isValidPattern, isValidSubject, patternCovers, SubjectTree } from "../../../bus/subject_tree.ts";
import { fc } from "../../../deps/fast_check.ts";

const token = fc.constantFrom("a", "b", "c", "a*", ">b");
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const pattern = fc.tuple(
  fc.array(fc.oneof(token, fc.constant("*")), { maxLength: 4 }),
  fc.boolean(),
).filter(([tokens, rest]) => rest || tokens.length > 0)
  .map(([tokens, rest]) => [...tokens, ...(rest ? [">"] : [])].join("."));

/** The definition, token by token. */
function matches(pattern: string, subject: string): boolean {
  const [head, ...rest] = pattern.split(".");
  const [first, ...others] = subject.split(".");
  if (head === ">") return true;
  if (head !== "*" && head !== first) return false;
  if (rest.length === 0 || others.length === 0) return rest.length === others.length;
  return matches(rest.join("."), others.join("."));
}

Deno.test("match() finds what the definition finds, whatever was inserted and removed", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("insert" as const), pattern, value: fc.nat(5) }),
    fc.record({ kind: fc.constant("remove" as const), pattern, value: fc.nat(5) }),
    fc.record({ kind: fc.constant("match" as const), subject }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const tree = new SubjectTree<number>();
    const held = new Set<string>();
    for (const step of steps) {
      if (step.kind === "match") {
        const wanted = [...held].map((pair) => pair.split(" ")).filter(([p]) => matches(p ?? "", step.subject));
        deepEqual([...tree.match(step.subject)].sort(), wanted.map(([, value]) => Number(value)).sort());
        continue;
      }
      const pair = `${step.pattern} ${step.value}`;
      const changes = held.has(pair) === (step.kind === "remove");
      equal(tree[step.kind](step.pattern, step.value), changes);
      if (step.kind === "insert") held.add(pair);
      else held.delete(pair);
      equal(tree.size, held.size);
    }
  }));
});

Deno.test("an array that match() gave does not change with the tree", () => {
  const tree = new SubjectTree<string>();
  tree.insert("a.*", "one");
  const before = tree.match("a.b");
  tree.insert("a.b", "two");
  tree.remove("a.*", "one");
  deepEqual(before, ["one"]);
  deepEqual(tree.match("a.b"), ["two"]);
});

Deno.test("match() is right for more subjects than the cache holds", () => {
  const tree = new SubjectTree<number>();
  for (let index = 0; index < 20_000; index++) tree.insert(`s.${index}`, index);
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 20_000; index++) deepEqual(tree.match(`s.${index}`), [index]);
  }
  tree.insert("s.>", -1);
  deepEqual(tree.match("s.7"), [-1, 7]);
});

Deno.test("insert() refuses an invalid pattern and says what a pattern is", () => {
  throws(() => new SubjectTree().insert("a..b", 1), { name: "TypeError", message: /"a\.\.b".*">", as the last one/ });
});

Deno.test("isValidSubject() takes plain tokens only", () => {
  for (const good of ["a", "a.b", "a*.b", ">a", "grüße.ß", "$SYS.x"]) equal(isValidSubject(good), true, good);
  for (
    const bad of ["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\n", "a\u0000", "*", "a.*", "a.>", ">", "\u007f"]
  ) {
    equal(isValidSubject(bad), false, JSON.stringify(bad));
  }
});

Deno.test("isValidPattern() takes wildcards as whole tokens, the rest only at the end", () => {
  for (const good of ["a", "*", ">", "a.*.b", "a.>", "*.>", "a*"]) equal(isValidPattern(good), true, good);
  for (const bad of ["", "a.>.b", ">.a", "a..>", "a.> ", ".>"]) equal(isValidPattern(bad), false, JSON.stringify(bad));
});

Deno.test("patternCovers() holds only where every matched subject is allowed", () => {
  fc.assert(fc.property(pattern, pattern, subject, (allowed, inner, subject) => {
    if (patternCovers(allowed, inner) && matches(inner, subject)) equal(matches(allowed, subject), true);
  }));
});

Deno.test("patternCovers() holds for what is plainly inside", () => {
  for (
    const [allowed, inner] of [[">", "a.>"], [">", "*"], ["a.>", "a.*.>"], ["a.*", "a.b"], ["a.*", "a.*"], [
      "a.>",
      "a.>",
    ]]
  ) {
    equal(patternCovers(allowed ?? "", inner ?? ""), true, `${allowed} covers ${inner}`);
  }
  for (
    const [allowed, inner] of [["a.>", "a"], ["a.*", "a.>"], ["a.b", "a.*"], ["*.>", ">"], ["a", "a.b"], ["a.b", "a"]]
  ) {
    equal(patternCovers(allowed ?? "", inner ?? ""), false, `${allowed} does not cover ${inner}`);
  }
});
