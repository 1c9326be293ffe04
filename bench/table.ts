/**
 * The tables of `bench/README.md`, made from the document that `bench/main.ts` prints.
 *
 * `deno run -A bench/table.ts bench/results/latest.json` writes them between the two marks of the page; nobody edits
 * them by hand.
 * @module
 */
import type { BenchReport, PerCarrier, PerMark, Ratio } from "./report.ts";
import { on } from "./targets.ts";
import type { CpuPerTask } from "./cpu_per_task.ts";
import type { RecoveryTimes } from "./recovery_bench.ts";
import { rounded } from "./statistics.ts";

const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";
const CARRIERS = ["embedded", "nats-server"] as const;

/** Cells of one row. */
type Row = readonly (string | number | null | undefined)[];

/** A Markdown table; what is not there is a dash. */
function table(head: Row, rows: readonly Row[]): string {
  const line = (row: Row) => `| ${row.map((cell) => cell ?? "–").join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}`, ...parts].join("\n\n");
}

/** Thousands apart, so that magnitudes are seen. */
function count(value: number | undefined): string | undefined {
  return value?.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Everything between the marks. */
export function renderFigures(report: BenchReport): string {
  const { machine } = report;
  const sections = [
    `Run of ${report.date.slice(0, 10)}: ${machine.cores} cores (${machine.processor}), ${machine.os}, Deno ` +
    `${machine.deno}, nats-server ${machine.natsServer ?? "not there"}, Troupe ${machine.troupe}. Load before the ` +
    `run: ${machine.loadBefore.toFixed(1)}.`,
    targetsSection(report),
    peersSection(report),
    ownSection(report),
    cpuSection(report),
    memorySection(report),
    recoverySection(report),
    takeoverSection(report),
    failuresSection(report),
  ];
  return sections.filter((text) => text !== "").join("\n\n");
}

function targetText({ target }: Ratio): string | undefined {
  if (target === null) return undefined;
  return `${target.bound === "at least" ? "≥" : "≤"} ${rounded(target.ratio)} ×`;
}

function targetsSection({ ratios }: BenchReport): string {
  const rows = ratios.filter(({ target }) => target !== null).map((one): Row => [
    one.what,
    one.value,
    one.yardstick === null ? "not measured" : `${one.yardstickName}: ${one.yardstick}`,
    one.ratio === null ? null : `${one.ratio} ×`,
    targetText(one),
    one.reached === null ? "unknown" : one.reached ? "yes" : "**no**",
  ]);
  if (rows.length === 0) return "";
  return section("Targets", table(["what", "ours", "yardstick of the same run", "ratio", "target", "reached"], rows));
}

function peersSection({ peers }: BenchReport): string {
  if (peers === undefined) return "";
  const rows = peers.measured.map((one): Row => [
    one.peer,
    one.version,
    one.start_s,
    one.latency_ms_p50,
    one.latency_ms_p95,
    count(one.tasks_per_s),
  ]);
  const head = ["", "version", "start, s", "latency p50, ms", "p95, ms", "tasks/s"];
  const missing = peers.missing.map(({ peer, reason, install }) => `- ${peer}: ${reason}. To have it: ${install}.`);
  return section(
    "Beside the peers",
    `Medians of ${peers.rounds} rounds, each program in turn, four engines, no-op tasks, one task a message.`,
    table(head, rows),
    ...(missing.length === 0 ? [] : [`Not measured:\n\n${missing.join("\n")}`]),
  );
}

function ownSection(report: BenchReport): string {
  const of = <T extends object>(figures: PerCarrier<T> | undefined, pick: (found: T) => string | number | undefined) =>
    CARRIERS.map((carrier) => {
      const found = on(figures, carrier);
      return found === undefined ? undefined : pick(found);
    });
  const { latency, throughput, raw, start, core } = report;
  const rows: Row[] = [
    ["lone `apply` p50, ms", ...of(latency, (one) => one.apply.p50)],
    ["lone `apply` p95, ms", ...of(latency, (one) => one.apply.p95)],
    ["raw request–reply in turn with it, p50, ms", ...of(latency, (one) => one.rawRequest.p50)],
    ["raw request–reply in turn with it, p95, ms", ...of(latency, (one) => one.rawRequest.p95)],
    ["raw request–reply alone, p50, ms", ...of(raw, (one) => one.requestMs.p50)],
    ["raw pipelined echoes/s", ...of(raw, (one) => count(one.echoesPerSecond))],
    ["tasks/s, `hwm` 1, median", ...of(throughput, (one) => count(one.hwm1.median))],
    ["tasks/s, `hwm` 1, best", ...of(throughput, (one) => count(one.hwm1.best))],
    ["tasks/s, `hwm` 0, median", ...of(throughput, (one) => count(one.hwm0.median))],
    ["tasks/s, `hwm` 0, best", ...of(throughput, (one) => count(one.hwm0.best))],
  ];
  const lines = [
    start &&
    `From \`Cluster.start\` to 4 ready engines: ${start.fromProgram} s; by \`start -n 4 --daemon\`, with the ` +
      `command's own process: ${start.fromCommandLine} s.`,
    core && `The scheduler's core alone, lives/s: ${count(core.livesPerSecond4Engines)} with 4 engines, ` +
      `${count(core.livesPerSecond10000Engines)} with 10,000, ${count(core.livesPerSecondMillionQueued)} with a ` +
      `million tasks queued; ${core.bytesPerQueuedTaskWithSpec} bytes a queued task, ${core.bytesPerFinishedTask} a ` +
      `finished one. A chain of 100,000 tasks: ${count(core.chainRunMs)} ms to run, ${count(core.chainFailMs)} ms to ` +
      `fail; two layers of 1,000, all to all: ${count(core.layersMs)} ms.`,
  ].filter((line) => line !== undefined);
  return section("On each carrier", table(["", ...CARRIERS], rows), ...lines);
}

function cpuSection({ cpu }: BenchReport): string {
  const rows = CARRIERS.flatMap((carrier) => {
    const found: PerMark<CpuPerTask> | undefined = on(cpu, carrier);
    if (found === undefined) return [];
    return (["hwm1", "hwm0"] as const).map((mark): Row => {
      const { micros, totalMicros } = found[mark];
      const sum = (name: keyof typeof micros) => rounded(micros[name].user + micros[name].system);
      const parts = (["client", "controller", "host", "engines", "natsServer"] as const).map(sum);
      return [`${carrier}, \`hwm\` ${mark === "hwm1" ? 1 : 0}`, ...parts, totalMicros];
    });
  });
  if (rows.length === 0) return "";
  const head = ["CPU µs a task", "client", "controller", "host", "engines", "nats-server", "all"];
  return section("Where the time goes", table(head, rows));
}

function memorySection({ memory }: BenchReport): string {
  if (memory === undefined) return "";
  const rows = (["idle", "afterLoad"] as const).map((when): Row => {
    const { controller, host, engines } = memory[when];
    const largest = Math.max(...engines.map((engine) => engine.rss));
    return [when === "idle" ? "idle" : `after ${count(memory.tasks)} tasks`, controller.rss, host.rss, largest];
  });
  return section("Memory", table(["RSS, MB", "controller", "host", "largest engine"], rows));
}

function recoverySection({ recovery }: BenchReport): string {
  if (recovery === undefined) return "";
  const row = (what: string, { p50, p99, rounds }: RecoveryTimes): Row => [what, p50, p99, rounds];
  return section(
    "After a death",
    table(["ms", "p50", "p99", "times"], [
      row("engine killed (SIGKILL): its task runs on another engine", recovery.engineKilled),
      row("host killed (SIGKILL): the tasks of its engine run on another host", recovery.hostKilled),
      row("busy loop aborted: its client has `TaskAborted`", recovery.loopAborted),
      row("busy loop aborted: its engine runs the next task", recovery.engineBack),
    ]),
    "A host's death is known by its silence, after three heartbeats of a second. A task that is aborted has two seconds " +
      "to end by itself; the rest is the start of a process.",
  );
}

function takeoverSection({ takeover }: BenchReport): string {
  if (takeover === undefined) return "";
  const { p50, p99, rounds, tasks, lost, ranTwice } = takeover;
  return section(
    "When the controller dies and a standby takes over",
    table(["killed leaders", "p50, ms", "p99, ms", "tasks under way", "lost", "run twice"], [
      [rounds, p50, p99, tasks, lost, ranTwice],
    ]),
    "From the SIGKILL of the leader and its host to the first task that the next one has dispatched. Two seconds of it are " +
      "the lease, which has to run out.",
  );
}

function failuresSection({ failures }: BenchReport): string {
  if (failures.length === 0) return "";
  const lines = failures.map(({ part, reason }) => `- ${part}: ${reason.split("\n", 1)[0]}`);
  return section("Parts that failed in this run", lines.join("\n"));
}

/** The page with new figures. Throws where the marks are missing. */
export function insertFigures(page: string, figures: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new RangeError(`Cannot write the figures: the page lacks "${BEGIN}" and "${END}"; put both in.`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

if (import.meta.main) {
  const [file] = Deno.args;
  if (file === undefined) {
    console.error('Cannot make tables: name the file with the JSON that "deno task bench" printed.');
    Deno.exit(2);
  }
  const page = new URL("./README.md", import.meta.url);
  const report = JSON.parse(await Deno.readTextFile(file)) as BenchReport;
  await Deno.writeTextFile(page, insertFigures(await Deno.readTextFile(page), renderFigures(report)));
}
