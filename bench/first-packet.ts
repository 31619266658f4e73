/**
 * In a fresh process: what the first packet costs, which meets its event classes for the first time, the same packet
 * again, and the first packet of the process's next query. Prints JSON. Usage: `first-packet.js TRACE PACKET CONTENT_BITS WHERE COLUMNS`.
 */

import { readFile } from "node:fs/promises";
import { planColumns } from "../src/column/layout.ts";
import { columnRequest } from "../src/column/request.ts";
import { readPacketHeader } from "../src/ctf/packet-header.ts";
import { openTraceDirectory } from "../src/ctf/trace-directory.ts";
import { compileFilter } from "../src/filter/compile.ts";
import { Kernel } from "../src/scan/kernel/kernel.ts";
import { KernelScanner } from "../src/scan/kernel/scan/scanner.ts";

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
const { kernel, scanner } = query();
const { events, error } = scanner.scan(bytes, header);
const between = performance.now();
const cpu = process.cpuUsage(cpuBefore);
scanner.scan(bytes, header);
const end = performance.now();
query().scanner.scan(bytes, header);
const nextEnd = performance.now();
if (error !== undefined) throw error;
console.log(
  JSON.stringify({
    events,
    functions: kernel.functions,
    firstMs: between - begin,
    firstCpuMs: (cpu.user + cpu.system) / 1000,
    secondMs: end - between,
    nextMs: nextEnd - end,
  }),
);

function query(): { readonly kernel: Kernel; readonly scanner: KernelScanner } {
  const kernel = new Kernel(columns);
  return { kernel, scanner: new KernelScanner(spec, kernel, traceClass, { host: undefined }) };
}
