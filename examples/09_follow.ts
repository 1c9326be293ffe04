/** Tasks that go where others have been, since what these left is there: data are loaded once and used many times. @module */
import { Client, currentTask, Dependency, ImpossibleDependency } from "../mod.ts";

await using client = await Client.connect();
await client.waitForEngines(2, { timeout: 30_000 });
const lview = client.loadBalancedView();

/** Runs on an engine, and leaves what it has loaded (here: made up) in the memory of its process. */
function load(city: string, days: number): number {
  const memory = globalThis as unknown as Record<string, number[]>;
  memory[city] = Array.from({ length: days }, (_, day) => 12 + city.length - 8 * Math.cos(day * 2 * Math.PI / 365));
  return currentTask().engineId;
}

/** Finds it there. */
function warmest(city: string): [celsius: number, engineId: number] {
  const days = (globalThis as unknown as Record<string, number[]>)[city];
  if (days === undefined) throw new Error(`${city} is not on engine ${currentTask().engineId}`);
  return [Math.max(...days), currentTask().engineId];
}

// `follow` is about time and place: after this task is done, and on the engine that ran it.
const cities = ["Lima", "Oslo", "Nairobi", "Reykjavik"];
const loads = cities.map((city) => lview.with({ label: city }).apply(load, city, 3_650));
const questions = cities.map((city, index) => lview.with({ follow: loads[index] ?? null }).apply(warmest, city));
for (const [index, city] of cities.entries()) {
  const [celsius = 0, engineId] = await questions[index] ?? [];
  console.log(`${city}: ${celsius.toFixed(1)} °C, loaded on engine ${await loads[index]}, asked on engine ${engineId}`);
}

// Of several: where any of them ran.
const anywhere = lview.with({ follow: new Dependency(loads, { all: false }) }).apply(() => currentTask().engineId);
console.log(`Some city is on engine ${await anywhere}`);

// All of them at once is impossible when they were spread; the error says so.
const [here, there] = [0, 1].map((index) => lview.with({ targets: client.ids[index] ?? null }).apply(() => true));
const torn = lview.with({ follow: [here ?? "", there ?? ""] }).apply(() => "torn");
const error = await torn.get().catch((error: unknown) => error);
if (!(error instanceof ImpossibleDependency)) throw error;
console.log(error.message);
