/** BullMQ, each worker a process: ENGINES TASKS CONCURRENCY REDIS_PORT. @module */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { load, report, versionOf } from "./measure.mjs";

const [engines, tasks, concurrency, port] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port };
const QUEUE = "bench";

async function startWorkers() {
  const workers = Array.from({ length: engines }, () => (
    fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, BENCH_ROLE: "worker" } })
  ));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return workers;
}

/** Counts completed jobs, whoever waits for them. */
function counter(events) {
  let [left, resolve] = [0, () => {}];
  events.on("completed", () => --left === 0 && resolve());
  return (count) => {
    left = count;
    return new Promise((done) => resolve = done);
  };
}

async function measure() {
  const { Queue, QueueEvents } = load("bullmq");
  const began = performance.now();
  const workers = await startWorkers();
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  await events.waitUntilReady();
  const startMs = performance.now() - began;
  const allDone = counter(events);
  const opts = { removeOnComplete: true };
  await report({
    peer: `bullmq (concurrency ${concurrency})`,
    version: versionOf("bullmq"),
    engines,
    startMs,
    tasks,
    callOne: async (x) => {
      const job = await queue.add("noop", { x });
      await job.waitUntilFinished(events);
    },
    callMany: async (count) => {
      const done = allDone(count);
      await queue.addBulk(Array.from({ length: count }, (_, x) => ({ name: "noop", data: { x }, opts })));
      await done;
    },
  });
  for (const worker of workers) worker.kill();
  await Promise.all([events.close(), queue.close()]);
  process.exit(0);
}

if (process.env.BENCH_ROLE === "worker") {
  const { Worker } = load("bullmq");
  const worker = new Worker(QUEUE, (job) => Promise.resolve(job.data.x), { connection, concurrency });
  await worker.waitUntilReady();
  process.send("up");
} else await measure();
