import type { AsyncMapResult } from "../../../client/async_map_result.ts";
import type { AsyncResult } from "../../../client/async_result.ts";
import type { Client } from "../../../client/client.ts";
import { depend, dependent } from "../../../client/depend.ts";
import { require } from "../../../client/require.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

/** Never called: what is in it only has to compile, or not. */
export function typesFollowTheFunction(client: Client, numbers: number[], lazy: AsyncIterable<string>): void {
  const lview = client.loadBalancedView();

  const power = lview.apply((x: number) => x ** 10, 3);
  same<typeof power, AsyncResult<number>>(true);
  const awaited = lview.apply((x: number) => Promise.resolve(String(x)), 3);
  same<typeof awaited, AsyncResult<string>>(true);
  lview.apply((x: number, y?: string) => [x, y], 3);
  lview.apply((...xs: number[]) => xs, 1, 2, 3);
  const contextual = lview.apply((x, y) => x.toFixed(y), 3, 1);
  same<typeof contextual, AsyncResult<string>>(true);
  lview.apply((p: [number, number], mode: "up" | "down") => [p, mode], [1, 2], "up");
  const nothing = lview.apply(() => {});
  same<typeof nothing, AsyncResult<void>>(true);
  // @ts-expect-error: a string is no number
  lview.apply((x: number) => x, "3");
  // @ts-expect-error: too few arguments
  lview.apply((x: number, y: number) => x + y, 3);
  // @ts-expect-error: too many arguments
  lview.apply((x: number) => x, 3, 4);
  // @ts-expect-error: no function
  lview.apply(3);

  const mapped = lview.map((x) => x.toFixed(1), numbers);
  same<typeof mapped, AsyncMapResult<string>>(true);
  const zipped = lview.map((x: number, s: string) => x + s.length, numbers, new Set(["a"]));
  same<typeof zipped, AsyncMapResult<number>>(true);
  lview.map(() => 1, numbers);
  lview.map((x: number, ...rest: string[]) => [x, rest], numbers, ["a"], ["b"]);
  // @ts-expect-error: the elements are numbers
  lview.map((x: string) => x, numbers);
  // @ts-expect-error: a sequence is missing
  lview.map((x: number, y: number) => x + y, numbers);
  // @ts-expect-error: a sequence too many
  lview.map((x: number) => x, numbers, numbers);
  // @ts-expect-error: a number is no sequence
  lview.map((x: number) => x, 5);
  // @ts-expect-error: map takes no asynchronous sequences, imap does
  lview.map((s: string) => s, lazy);

  const drawn = lview.imap((x, s) => x + s, numbers, lazy);
  same<typeof drawn, AsyncGenerator<string, void, void>>(true);
  // @ts-expect-error: the elements are strings
  lview.imap((x: number) => x, lazy);

  // A result is taken for its value: by itself, and one level into arrays and objects.
  const doubled = lview.apply((x: number) => x * 2, power);
  same<typeof doubled, AsyncResult<number>>(true);
  const seen = lview.apply((x) => x.toFixed(1), power);
  same<typeof seen, AsyncResult<string>>(true);
  lview.apply((all: string[]) => all.join(), mapped);
  lview.apply((pair: number[]) => pair, [power, 2]);
  lview.apply((pair: [number, string]) => pair, [power, awaited]);
  lview.apply((o: { readonly x: number; readonly s: string }) => o, { x: power, s: "a" });
  lview.apply((o) => o.x.toFixed(), { x: power });
  lview.apply((mode: "up" | "down", x: number) => [mode, x], "up", power);
  lview.map((x: number) => x, [power, doubled]);
  lview.map((x) => x.toFixed(), [power, doubled]);
  client.directView(0).apply((x: number) => x, power);
  // @ts-expect-error: the result of that task is a string
  lview.apply((x: number) => x, awaited);
  // @ts-expect-error: the results are strings
  lview.map((x: number) => x, [awaited]);

  const scalar = client.directView(0).apply((x: number) => x, 1);
  same<typeof scalar, AsyncResult<number>>(true);
  const list = client.directView([0, 1]).apply(() => "a");
  same<typeof list, AsyncResult<string[], true>>(true);
  const all = client.directView().apply(() => "a");
  same<typeof all, AsyncResult<string[], true>>(true);
  same<typeof list.engineId, (number | null)[]>(true);
  same<typeof scalar.engineId, number | null>(true);
  // @ts-expect-error: a string is no number
  client.at(0).apply((x: number) => x, "1");

  // @ts-expect-error: no such flag
  lview.with({ retrys: 2 });
  // @ts-expect-error: a number is wanted
  lview.setFlags({ retries: "2" });
}

/** Never called, likewise. */
export function wrappersKeepTypes(client: Client, numbers: number[]): void {
  const lview = client.loadBalancedView();
  const onPlatform = (name: string, version?: number) => name.length === version;
  const asks = (name: string) => Promise.resolve(name === "linux");
  const g = (x: number, y?: string): string => `${x}${y}`;
  const later = (x: number) => Promise.resolve(x);

  const plain = depend(onPlatform, "linux")(g);
  same<typeof plain, typeof g>(true);
  const checked = dependent(g, onPlatform, "linux", 5);
  same<typeof checked, typeof g>(true);
  const asked = depend(asks, "linux")(g);
  same<typeof asked, (x: number, y?: string) => Promise<string>>(true);
  const askedAgain = dependent(g, asks, "linux");
  same<typeof askedAgain, (x: number, y?: string) => Promise<string>>(true);
  const required = require("node:zlib", { k: 5, onPlatform })(g);
  same<typeof required, (x: number, y?: string) => Promise<string>>(true);
  const promised = require("node:zlib")(later);
  same<typeof promised, typeof later>(true);
  const nested = depend(onPlatform, "linux")(required);
  same<typeof nested, typeof required>(true);
  const applied = lview.apply(required, 3, "a");
  same<typeof applied, AsyncResult<string>>(true);
  const mapped = lview.map(plain, numbers);
  same<typeof mapped, AsyncMapResult<string>>(true);
  // @ts-expect-error: the check takes a string
  depend(onPlatform, 5);
  // @ts-expect-error: an argument of the check is missing
  depend(onPlatform);
  // @ts-expect-error: an argument of the check too many
  dependent(g, onPlatform, "linux", 5, 6);
  // @ts-expect-error: no function
  depend(onPlatform, "linux")(5);
  // @ts-expect-error: a string is no number
  lview.apply(required, "3");
}

Deno.test("types follow the function: a wrong argument, element or number of them does not compile", () => {
  // The proof is that this module compiles, with every @ts-expect-error needed.
  for (const proof of [typesFollowTheFunction, wrappersKeepTypes]) if (typeof proof !== "function") throw proof;
});
