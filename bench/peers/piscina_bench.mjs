/** Piscina, threads in one process: ENGINES TASKS. @module */
import { load, report, versionOf } from "./measure.mjs";

const [engines, tasks] = process.argv.slice(2).map(Number);
const { Piscina } = load("piscina");
const began = performance.now();
const filename = new URL("./piscina_noop.mjs", import.meta.url).href;
const pool = new Piscina({ filename, minThreads: engines, maxThreads: engines });
const callMany = (count) => Promise.all(Array.from({ length: count }, (_, i) => pool.run(i)));
await callMany(engines);
const startMs = performance.now() - began;
const version = versionOf("piscina");
await report({ peer: "piscina", version, engines, startMs, tasks, callOne: (i) => pool.run(i), callMany });
await pool.destroy();
