/**
 * In a fresh process: what the first packet costs, which meets its event classes for the first time, and the same packet
 * again. Prints JSON. Usage: `first-packet.js TRACE PACKET CONTENT_BITS WHERE COLUMNS`.
 */

import { readFile } from "node:fs/promises";
import { readPacketHeader } from "../src/ctf/packet-header.ts";
import { openTraceDirectory } from "../src/ctf/trace-directory.ts";
import { compileFilter } from "../src/filter/compile.ts";
import { Kernel } from "../src/scan/kernel/kernel.ts";
import { KernelScanner } from "../src/scan/kernel/scanner.ts";
import { columnRequest, planColumns } from "../src/scan/layout.ts";

const [directory = "", file = "", contentBits = "", where = "", columnNames = ""] =
  process.argv.slice(2);
const { traceClass } = await openTraceDirectory(directory);
const bytes = await readFile(file);
const header = {
  ...readPacketHeader(bytes, traceClass, Number.MAX_SAFE_INTEGER),
  contentBits: Number(contentBits),
};
const filter = compileFilter(where);
const columns = planColumns(columnNames.split(",").map(columnRequest), [traceClass]);
const spec = { filter, events: [], columns, begin: undefined, end: undefined };

const cpuBefore = process.cpuUsage();
const begin = performance.now();
const kernel = new Kernel(columns);
const scanner = new KernelScanner(spec, kernel, traceClass, { host: undefined });
const { events, error } = scanner.scan(bytes, header);
const between = performance.now();
const cpu = process.cpuUsage(cpuBefore);
scanner.scan(bytes, header);
const end = performance.now();
if (error !== undefined) throw error;
console.log(
  JSON.stringify({
    events,
    functions: kernel.functions,
    firstMs: between - begin,
    firstCpuMs: (cpu.user + cpu.system) / 1000,
    secondMs: end - between,
  }),
);
