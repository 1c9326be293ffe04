/** Statistics over a real public data set, 200,000 flights, in parallel and serially: delays by hour of departure. @module */
import "npm:vega-datasets@3.2.1";
import { Client } from "../mod.ts";

interface Flight {
  /** Minutes. */
  delay: number;
  /** Miles. */
  distance: number;
  /** Hour of departure, with a fraction. */
  time: number;
}

/** Whole numbers only, so that sums are exact in any order. */
interface HourOfFlights {
  flights: number;
  delay: number;
  squares: number;
  worst: number;
}

/** Runs on engines: the sums of some flights, by hour. */
function sumByHour(flights: readonly Flight[]): HourOfFlights[] {
  const hours = Array.from({ length: 25 }, () => ({ flights: 0, delay: 0, squares: 0, worst: -Infinity }));
  for (const { delay, time } of flights) {
    const hour = hours[Math.floor(time)];
    if (hour === undefined) throw new RangeError(`No hour of the day: ${time}`);
    hour.flights++;
    hour.delay += delay;
    hour.squares += delay * delay;
    hour.worst = Math.max(hour.worst, delay);
  }
  return hours;
}

function add(total: readonly HourOfFlights[], part: readonly HourOfFlights[]): HourOfFlights[] {
  return total.map((a, hour) => {
    const b = part[hour] ?? a;
    const worst = Math.max(a.worst, b.worst);
    return { flights: a.flights + b.flights, delay: a.delay + b.delay, squares: a.squares + b.squares, worst };
  });
}

function show({ flights, delay, squares, worst }: HourOfFlights): string {
  const mean = delay / flights;
  const deviation = Math.sqrt(squares / flights - mean * mean);
  return `${flights} flights, mean delay ${mean.toFixed(2)} min, deviation ${deviation.toFixed(2)}, worst ${worst}`;
}

// The import above brings the package into Deno's cache; its data lie beside its code there.
const dataFile = new URL("../data/flights-200k.json", import.meta.resolve("npm:vega-datasets@3.2.1"));
const flights: Flight[] = JSON.parse(await Deno.readTextFile(dataFile));
const parts: Flight[][] = [];
for (let from = 0; from < flights.length; from += 10_000) parts.push(flights.slice(from, from + 10_000));

await using client = await Client.connect();
await client.waitForEngines(1, { timeout: 30_000 });
const parallel = (await client.loadBalancedView().map(sumByHour, parts)).reduce(add);
const serial = sumByHour(flights);

console.log(`${flights.length} flights in ${parts.length} parts on ${client.ids.length} engines`);
parallel.forEach((hour, index) => {
  if (hour.flights > 0) console.log(`${String(index).padStart(2)} h: ${show(hour)}`);
});
const equal = JSON.stringify(parallel) === JSON.stringify(serial);
console.log(`Equal to the serial result: ${equal}`);
if (!equal) Deno.exitCode = 1;
