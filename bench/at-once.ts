/**
 * Queries at once over one recorded trace: how long until the last of them has its answer, against one alone; with the
 * server's processor time and memory. All equal, and each with a filter or a limit of its own.
 *
 * `node build/bench/at-once.js TRACE [QUERIES] [ROUNDS] [WORKLOAD…]`; default 100 queries, 3 rounds, all workloads.
 */

import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { Child, stopChildren } from "../test/support/child.ts";
import { MAIN } from "../test/support/traces.ts";
import { usageOf } from "./live/resident.ts";
import { spread } from "./statistics.ts";

/** Parameters of the query of a number. */
type Workload = (i: number) => Readonly<Record<string, string>>;

const WORKLOADS: Readonly<Record<string, Workload>> = {
  "equal counts": () => ({ q: "|> count()" }),
  "equal rows": () => ({ select: "timestamp,event", where: "($event.timestamp & 127) == 3" }),
  "equal NDJSON": () => ({ select: "timestamp,event,payload", limit: "20000", format: "ndjson" }),
  "different filters": (i) => ({ q: `$ctx.vtid != ${-1 - i} |> count()` }),
  "different limits": (i) => ({ select: "timestamp,event", limit: String(100_000 + i) }),
};

interface Answer {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly bytes: number;
}

interface Figures {
  readonly ms: number;
  readonly firstMs: number;
  readonly cpuSeconds: number;
}

const [trace, count = "100", rounds = "3", ...only] = process.argv.slice(2);
if (trace === undefined)
  throw new RangeError("usage: at-once.js TRACE [QUERIES] [ROUNDS] [WORKLOAD…]");
const QUERIES = Number(count);

const LIMITS = ["--max-queries", count, "--max-queries-per-client", count, "--max-memory", "8GiB"];
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

function ask(url: string, parameters: Readonly<Record<string, string>>): Promise<Answer> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(
      `${url}/v1/query?${new URLSearchParams(parameters)}`,
      { agent },
      (answer) => {
        let firstMs = 0;
        let bytes = 0;
        answer.on("data", (chunk: Buffer) => {
          firstMs ||= performance.now() - began;
          bytes += chunk.length;
        });
        answer.on("error", reject);
        answer.on("end", () => {
          if (answer.statusCode === 200)
            resolve({ firstMs, lastMs: performance.now() - began, bytes });
          else reject(new Error(`${parameters["q"] ?? ""}: status ${answer.statusCode}`));
        });
      },
    );
    request.on("error", reject);
  });
}

async function run(
  server: Server,
  queries: number,
  workload: Workload,
  isEqual: boolean,
): Promise<Figures> {
  const before = usageOf(server.pid).cpuSeconds;
  const answers = await Promise.all(
    Array.from({ length: queries }, (_, i) => ask(server.url, workload(i))),
  );
  const sizes = new Set(answers.map(({ bytes }) => bytes));
  if (isEqual && sizes.size > 1) throw new Error("equal queries have answers of different lengths");
  return {
    ms: Math.max(...answers.map(({ lastMs }) => lastMs)),
    firstMs: Math.max(...answers.map(({ firstMs }) => firstMs)),
    cpuSeconds: usageOf(server.pid).cpuSeconds - before,
  };
}

interface Server {
  readonly child: Child;
  readonly url: string;
  readonly pid: number;
}

async function start(path: string): Promise<Server> {
  const how = [path, "--listen", "127.0.0.1:0", "--no-token", ...LIMITS];
  const child = new Child(process.execPath, [
    process.env["TRACEWIRE_MAIN"] ?? MAIN,
    "serve",
    ...how,
  ]);
  await child.until("serves", () => child.lines.length > 0);
  return { child, url: child.lines[0] ?? "", pid: child.process.pid ?? 0 };
}

function peakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

try {
  console.log(`${QUERIES} queries at once, ${trace}; medians of ${rounds} rounds (least–greatest)`);
  for (const [name, workload] of Object.entries(WORKLOADS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const server = await start(trace);
    const isEqual = name.startsWith("equal");
    await run(server, 2, workload, isEqual);
    const all: { one: Figures; many: Figures }[] = [];
    for (let round = 0; round < Number(rounds); round++) {
      const one = await run(server, 1, workload, isEqual);
      all.push({ one, many: await run(server, QUERIES, workload, isEqual) });
    }
    const median = (figure: (pair: (typeof all)[number]) => number): number =>
      spread(all.map(figure)).median;
    const ratio = spread(all.map(({ one, many }) => many.ms / one.ms));
    const cells = [
      `one ${median(({ one }) => one.ms).toFixed(0)} ms`,
      `all ${median(({ many }) => many.ms).toFixed(0)} ms`,
      `ratio ${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)}–${ratio.max.toFixed(1)})`,
      `last first byte ${median(({ many }) => many.firstMs).toFixed(0)} ms`,
      `processor ${median(({ one }) => one.cpuSeconds).toFixed(2)} → ${median(({ many }) => many.cpuSeconds).toFixed(2)} s`,
      `peak ${peakMiB(server.pid).toFixed(0)} MiB`,
    ];
    console.log(`${name}: ${cells.join(", ")}`);
    server.child.process.kill("SIGINT");
    await server.child.end();
  }
} finally {
  await stopChildren();
}
