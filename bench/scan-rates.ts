/**
 * In one process: how fast packets in memory are scanned, once everything is compiled; kernel and interpreter in turn.
 * Prints JSON. Usage: `scan-rates.js TRACE NAME WHERE COLUMNS ROUNDS`.
 */

import { open } from "node:fs/promises";
import { SharedDictionary } from "../src/column/column-builder.ts";
import { planColumns } from "../src/column/layout.ts";
import { columnRequest } from "../src/column/request.ts";
import { type PacketHeader, readPacketHeader } from "../src/ctf/packet-header.ts";
import type { TraceClass } from "../src/ctf/trace-class.ts";
import { openTraceDirectory, type TraceDirectory } from "../src/ctf/trace-directory.ts";
import { findTraceDirectories } from "../src/ctf/trace-search.ts";
import { compileFilter } from "../src/filter/compile.ts";
import { InterpretingScanner } from "../src/scan/interpreter.ts";
import { Kernel } from "../src/scan/kernel/kernel.ts";
import { KernelScanner } from "../src/scan/kernel/scan/scanner.ts";
import type { ScanOutcome, ScanSpec } from "../src/scan/scanner.ts";
import type { RateResult } from "./results.ts";
import { spread } from "./statistics.ts";

/** More packets than fit any cache, and few enough to be kept. */
const MOST_BYTES = 64 << 20;
const ROUND_MS = 300;

interface Packet {
  readonly bytes: Uint8Array;
  readonly header: PacketHeader;
}

interface Query {
  readonly name: string;
  readonly where: string | undefined;
  readonly select: readonly string[];
}

/** The largest of the traces at and below a path. */
async function largest(path: string): Promise<TraceDirectory> {
  const traces: TraceDirectory[] = [];
  for (const directory of await findTraceDirectories(path))
    traces.push(await openTraceDirectory(directory));
  const size = ({ streams }: TraceDirectory): number =>
    streams.flatMap(({ packets }) => packets).reduce((sum, { bytes }) => sum + bytes, 0);
  return traces.reduce((best, trace) => (size(trace) > size(best) ? trace : best));
}

async function packetsOf({ streams, traceClass }: TraceDirectory): Promise<Packet[]> {
  const packets: Packet[] = [];
  let room = MOST_BYTES;
  for (const stored of streams.flatMap((stream) => stream.packets)) {
    room -= stored.bytes;
    if (room < 0) break;
    const bytes = new Uint8Array(stored.bytes);
    const file = await open(stored.path);
    await file.read(bytes, 0, bytes.length, stored.byteOffset);
    await file.close();
    packets.push({ bytes, header: readPacketHeader(bytes, traceClass) });
  }
  return packets;
}

/** Scans a packet and lets its rows go. */
type Scan = (packet: Packet) => { readonly events: number; readonly matched: number };

function scanners(query: Query, traceClass: TraceClass): readonly [Scan, Scan] {
  const columns = planColumns(query.select.map(columnRequest), [traceClass]);
  const spec: ScanSpec = {
    filter: query.where === undefined ? undefined : compileFilter(query.where),
    events: [],
    columns,
    countsOnly: columns.length === 0,
    begin: undefined,
    end: undefined,
  };
  const facts = { host: undefined };
  const kernel = new Kernel(columns);
  const compiled = new KernelScanner(spec, kernel, traceClass, facts);
  const dictionaries = columns.map(() => new SharedDictionary());
  const interpreter = new InterpretingScanner(spec, dictionaries, traceClass, facts);
  const checked = <Rows>(outcome: ScanOutcome<Rows>): ScanOutcome<Rows> => {
    if (outcome.error !== undefined) throw outcome.error;
    return outcome;
  };
  return [
    ({ bytes, header }) => {
      const outcome = checked(compiled.scan(bytes, header));
      for (const segment of outcome.rows) kernel.chunks.give(segment);
      return outcome;
    },
    ({ bytes, header }) => checked(interpreter.scan(bytes, header)),
  ];
}

interface Pass {
  readonly events: number;
  readonly rows: number;
}

function scanAll(scan: Scan, packets: readonly Packet[]): Pass {
  let [events, rows] = [0, 0];
  for (const packet of packets) {
    const outcome = scan(packet);
    events += outcome.events;
    rows += outcome.matched;
  }
  return { events, rows };
}

/** Million events a second, over passes that take long enough to be timed. */
function rate(scan: Scan, packets: readonly Packet[]): number {
  const begin = performance.now();
  let events = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    events += scanAll(scan, packets).events;
    elapsed = performance.now() - begin;
  }
  return events / elapsed / 1000;
}

function measure(
  trace: string,
  query: Query,
  traceClass: TraceClass,
  packets: readonly Packet[],
  rounds: number,
): RateResult {
  const [kernel, interpreter] = scanners(query, traceClass);
  const answers = [kernel, interpreter].map((one) => JSON.stringify(scanAll(one, packets)));
  if (answers[0] !== answers[1])
    throw new Error(`${query.name}: kernel ${answers[0]}, interpreter ${answers[1]}`);
  rate(kernel, packets);
  rate(interpreter, packets);
  const rates: { kernel: number[]; interpreter: number[] } = { kernel: [], interpreter: [] };
  for (let round = 0; round < rounds; round++) {
    rates.kernel.push(rate(kernel, packets));
    rates.interpreter.push(rate(interpreter, packets));
  }
  const { name } = query;
  return {
    trace,
    query: name,
    kernel: spread(rates.kernel),
    interpreter: spread(rates.interpreter),
  };
}

const [path = "", name = "", where = "", columns = "", rounds = "5"] = process.argv.slice(2);
const trace = await largest(path);
const packets = await packetsOf(trace);
const select = columns.split(",");
const queries: readonly Query[] = [
  { name: "count", where: undefined, select: [] },
  { name: "count with filter", where, select: [] },
  { name: "filter and 7 columns", where, select },
  { name: "all events, 7 columns", where: undefined, select },
];
const results = queries.map((query) =>
  measure(name, query, trace.traceClass, packets, Number(rounds)),
);
console.log(JSON.stringify(results));
