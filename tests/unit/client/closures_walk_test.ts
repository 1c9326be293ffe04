/** Random nested closures give on an engine what they give here. @module */
import assert from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { FakeCluster } from "./fake_cluster.ts";

/** One step in the making of a program: a variable, a function that uses some, a scope around the rest. */
type Step =
  | { readonly kind: "variable"; readonly value: number; readonly mutable: boolean; readonly name: number }
  | { readonly kind: "object"; readonly value: number; readonly name: number }
  | { readonly kind: "function"; readonly uses: readonly number[]; readonly name: number; readonly arrow: boolean }
  | { readonly kind: "class"; readonly uses: readonly number[]; readonly name: number; readonly base: number }
  | { readonly kind: "scope" };

const index = fc.nat(7);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("variable" as const), value: fc.nat(50), mutable: fc.boolean(), name: index }),
    fc.record({ kind: fc.constant("object" as const), value: fc.nat(50), name: index }),
    fc.record({
      kind: fc.constant("function" as const),
      uses: fc.array(index, { maxLength: 4 }),
      name: index,
      arrow: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant("class" as const),
      uses: fc.array(index, { maxLength: 3 }),
      name: index,
      base: index,
    }),
    fc.record({ kind: fc.constant("scope" as const) }),
  ),
  { minLength: 1, maxLength: 14 },
);

interface Name {
  readonly name: string;
  readonly kind: Step["kind"];
  readonly mutable: boolean;
}

/** The text of a program that gives a function; names come again in inner scopes, and hide outer ones. */
function programOf(list: readonly Step[]): string {
  let visible: Name[] = [];
  let declared = new Set<string>();
  const lines: string[] = [];
  let scopes = 0;
  let scopeStart = 0;
  for (const step of list) {
    if (step.kind === "scope") {
      // Entered twice, so that there are two of each variable in it; the later one goes on.
      lines.push(`const s${scopes} = () => {`);
      declared = new Set();
      scopeStart = lines.length;
      scopes++;
      continue;
    }
    const name = `v${step.name}`;
    if (declared.has(name)) continue;
    // Used in this scope already, where it meant the outer one.
    if (lines.slice(scopeStart).some((line) => new RegExp(`\\b${name}\\b`).test(line))) continue;
    declared.add(name);
    visible = visible.filter((known) => known.name !== name);
    const uses = (list: readonly number[]) =>
      list.map((use) => visible.find((known) => known.name === `v${use}`)).filter((known) => known !== undefined);
    switch (step.kind) {
      case "variable":
        lines.push(`${step.mutable ? "let" : "const"} ${name} = ${step.value};`);
        break;
      case "object":
        lines.push(`const ${name} = { n: ${step.value}, list: [${step.value}] };`);
        break;
      case "function": {
        const body = uses(step.uses).map((use) => `sum += ${useOf(use)};`).join(" ");
        lines.push(
          step.arrow
            ? `const ${name} = () => { let sum = 1; ${body} return sum; };`
            : `function ${name}() { let sum = 2; ${body} return sum; }`,
        );
        break;
      }
      case "class": {
        const base = visible.find((known) => known.name === `v${step.base}` && known.kind === "class");
        const body = uses(step.uses).map((use) => `sum += ${useOf(use)};`).join(" ");
        lines.push(
          `class ${name}${base === undefined ? "" : ` extends ${base.name}`} { run() { let sum = ${
            base === undefined ? "3" : "super.run()"
          }; ${body} return sum; } }`,
        );
        break;
      }
    }
    visible.push({ name, kind: step.kind, mutable: step.kind === "variable" && step.mutable });
  }
  const all = visible.map(useOf).join(", ");
  lines.push(`return () => { const out = [${all}]; return [...out, ${all}]; };`);
  for (let scope = scopes - 1; scope >= 0; scope--) lines.push("};", `s${scope}();`, `return s${scope}();`);
  return lines.join("\n");
}

function useOf({ name, kind, mutable }: Name): string {
  switch (kind) {
    case "variable":
      return mutable ? `++${name}` : name;
    case "object":
      return `(${name}.list.push(${name}.n++), ${name}.list.length)`;
    case "function":
      return `${name}()`;
    default:
      return `new ${name}().run()`;
  }
}

Deno.test("random nested closures give on an engine what they give here", async () => {
  const cluster = await FakeCluster.start();
  const lview = cluster.client.loadBalancedView();
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const text = programOf(list);
      const f = new Function(`"use strict";\n${text}`)() as () => unknown;
      const shipped = await lview.apply(f);
      assert.deepEqual(shipped, f(), text);
    }),
    { numRuns: 150 },
  );
});
