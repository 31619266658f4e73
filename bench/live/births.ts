/**
 * Namespaces and process names that come and go for long, on a server with live queries: does its memory stay flat?
 *
 * `node build/bench/live/births.js [BIRTHS] [QUERIES] [SECONDS]`; default 200 000, 4, 90. A made-up kernel trace of an hour,
 * in which each birth is a fork into a new pid namespace, calls of a process with a name of its own, and its end; served
 * again and again by a `replay` as fast as it goes.
 */

import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, eventually, stopChildren } from "../../test/support/child.ts";
import { MAIN } from "../../test/support/traces.ts";
import { event, PREAMBLE } from "../../test/support/tsdl.ts";
import { usageOf } from "./resident.ts";

const [births = "200000", queries = "4", seconds = "90"] = process.argv.slice(2);
const COUNT = Number(births);
const SPAN_NS = 3_600_000_000_000n;
const HOST_NS = 0xeffffffc;
const FIRST_NS = 4_026_532_000;
/** The kernel gives numbers again, lowest first; here later, so that each birth is one of its own for long. */
const INODES = 50_000;
const CALLS = 3;
const PACKET_EVENTS = 4000;
const SAMPLE_MS = 2000;
const SAMPLES = Number(seconds) / (SAMPLE_MS / 1000);

const METADATA = `${PREAMBLE}
env { hostname = "births"; domain = "kernel"; tracer_name = "lttng-modules"; tracer_major = 2; tracer_minor = 13; };
stream {
  id = 0;
  packet.context := struct { time64 timestamp_begin; time64 timestamp_end; u64 content_size; u64 packet_size; u64 packet_seq_num; u64 events_discarded; u32 cpu_id; };
  event.header := struct { u16 id; time64 timestamp; };
  event.context := struct { char8 _procname[16]; i32 _vpid; i32 _tid; i32 _vtid; u32 _pid_ns; };
};
${event(1, "sched_process_fork", "char8 _parent_comm[16]; i32 _parent_tid; i32 _parent_pid; u32 _parent_ns_inum; char8 _child_comm[16]; i32 _child_tid; u8 __vtids_length; i32 _vtids[ __vtids_length ]; i32 _child_pid; u32 _child_ns_inum;")}
${event(2, "syscall_entry_getpid", "")}
${event(3, "sched_process_exit", "char8 _comm[16]; i32 _tid; i32 _prio;")}
`;

/** Little-endian values, one after the other. */
class Writer {
  readonly bytes: Buffer = Buffer.alloc(PACKET_EVENTS * 200);
  at = 0;

  u16(value: number): this {
    this.at = this.bytes.writeUInt16LE(value, this.at);
    return this;
  }

  u32(value: number): this {
    this.at = this.bytes.writeUInt32LE(value, this.at);
    return this;
  }

  u64(value: bigint): this {
    this.at = this.bytes.writeBigUInt64LE(value, this.at);
    return this;
  }

  u8(value: number): this {
    this.at = this.bytes.writeUInt8(value, this.at);
    return this;
  }

  name(text: string): this {
    this.bytes.fill(0, this.at, this.at + 16);
    this.bytes.write(text, this.at, 15, "latin1");
    this.at += 16;
    return this;
  }

  header(id: number, time: bigint, name: string, vpid: number, tid: number, ns: number): this {
    this.u16(id).u64(time).name(name);
    return this.u32(vpid).u32(tid).u32(vpid).u32(ns);
  }
}

/** Writes the trace; gives back how many events it has. */
function writeTrace(folder: string): number {
  writeFileSync(join(folder, "metadata"), METADATA);
  const file = openSync(join(folder, "channel_0"), "w");
  const writer = new Writer();
  let [events, inPacket, sequence] = [0, 0, 0n];
  let [first, last] = [0n, 0n];
  const flush = (): void => {
    const header = new Writer();
    const bits = BigInt((8 + 6 * 8 + 4 + writer.at) * 8);
    header.u32(0xc1fc1fc1).u32(0).u64(first).u64(last).u64(bits).u64(bits).u64(sequence++);
    header.u64(0n).u32(0);
    writeSync(file, header.bytes, 0, header.at);
    writeSync(file, writer.bytes, 0, writer.at);
    writer.at = 0;
    inPacket = 0;
  };
  const step = SPAN_NS / BigInt(COUNT) / BigInt(CALLS + 3);
  let now = 1n;
  const next = (): bigint => {
    now += step;
    if (inPacket === 0) first = now;
    last = now;
    inPacket++;
    events++;
    return now;
  };
  for (let i = 0; i < COUNT; i++) {
    const ns = FIRST_NS + (i % INODES);
    const tid = 1000 + (i % 4_000_000);
    const name = `work-${i}`;
    writer.header(1, next(), "runtime", 1, 1, HOST_NS);
    writer.name("runtime").u32(1).u32(1).u32(HOST_NS).name("runtime").u32(tid);
    writer.u8(2).u32(tid).u32(1).u32(tid).u32(ns);
    for (let call = 0; call < CALLS; call++) writer.header(2, next(), name, 1, tid, ns);
    writer.header(3, next(), name, 1, tid, ns).name(name).u32(tid).u32(20);
    if (inPacket >= PACKET_EVENTS) flush();
  }
  flush();
  return events;
}

const folder = mkdtempSync(join(tmpdir(), "tracewire-births-"));
try {
  const events = writeTrace(folder);
  const replay = new Child(process.execPath, [
    ...[MAIN, "replay", folder, "--speed", "max", "--loop", "--session", "births"],
    ...["--listen", "127.0.0.1:0"],
  ]);
  const source = await eventually(
    "the replay",
    () => /net:\S+/.exec(replay.stderr + replay.lines.join("\n"))?.[0],
  );
  const serve = new Child(process.execPath, [
    ...[MAIN, "serve", source, "--listen", "127.0.0.1:0", "--no-token"],
  ]);
  const url = await eventually(
    "the server",
    () => /http:\S+/.exec(serve.stderr + serve.lines.join("\n"))?.[0],
  );
  const rows = new Array<number>(Number(queries)).fill(0);
  const read = async (i: number): Promise<void> => {
    const query = new URLSearchParams({
      source,
      format: "ndjson",
      q: [
        "|> count() by container, procname every 10s",
        "|> count() by container every 1min",
        'procname == "work-7*"',
        "|> events |> count() by event every 1s",
      ][i % 4]!,
    });
    const response = await fetch(`${new URL(url).origin}/v1/query?${query}`);
    if (!response.ok) throw new Error(await response.text());
    for await (const chunk of response.body!)
      rows[i] = rows[i]! + chunk.filter((byte: number) => byte === 10).length;
  };
  let failure: unknown;
  for (let i = 0; i < rows.length; i++) {
    read(i).catch((error: unknown) => {
      failure ??= error;
    });
  }
  const since = performance.now();
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (failure !== undefined) throw failure;
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const { mib, cpuSeconds } = usageOf(serve.process.pid ?? 0);
    const at = ((performance.now() - since) / 1000).toFixed(0);
    console.log(
      `${at} s: ${mib.toFixed(0)} MiB, ${cpuSeconds.toFixed(0)} s of processor time, rows ${rows.join(" ")}`,
    );
  }
  console.log(`${events} events and ${COUNT} births in each round`);
} finally {
  await stopChildren();
  rmSync(folder, { recursive: true, force: true });
}
