/** A seeded machine with tasks that run, call, allocate and move between processors, traced as LTTng's kernel tracer does, in packets. */

import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "./tsdl.ts";

/** One packet of a processor. */
export interface TracedPacket {
  readonly cpuId: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly count: number;
  readonly records: Uint8Array;
}

const CONTEXT = "  event.context := struct { u32 tid; u32 pid; u32 pid_ns; };";
const ENVIRONMENT =
  'env { hostname = "host"; domain = "kernel"; tracer_name = "lttng-modules"; tracer_major = 2; tracer_minor = 13; };\n';
const HOST_PID_NS = 4026531836;

/** Event ids. */
const Id = { switch: 0, entry: 1, exit: 2, alloc: 3, free: 4, entry2: 5, exit2: 6 } as const;

/** Of a tracer whose packets say truly when they end. */
export const KERNEL_METADATA: string = `${PREAMBLE}${ENVIRONMENT}${STREAM.replace("  event.header", `${CONTEXT}\n  event.header`)}${[
  event(
    Id.switch,
    "sched_switch",
    "char8 prev_comm[4]; i32 prev_tid; i32 prev_prio; u32 prev_state; char8 next_comm[4]; i32 next_tid; i32 next_prio;",
  ),
  event(Id.entry, "syscall_entry_read", "u32 fd; u64 count;"),
  event(Id.exit, "syscall_exit_read", "i32 ret; u64 buf;"),
  event(Id.alloc, "kmem_mm_page_alloc", "u64 page; u64 pfn; u32 order;"),
  event(Id.free, "kmem_mm_page_free", "u64 page; u64 pfn; u32 order;"),
  event(Id.entry2, "syscall_entry_close", "u32 fd;"),
  event(Id.exit2, "syscall_exit_close", "i32 ret;"),
].join("")}`;

interface Task {
  readonly tid: number;
  cpu: number | undefined;
  call: "read" | "close" | undefined;
}

const TASKS = 9;
const IDLE = 0;

/** Packets of each processor, in their order. */
export function randomKernel(
  next: (below: number) => number,
  events: number,
  cpus: number,
): readonly (readonly TracedPacket[])[] {
  const tasks: Task[] = Array.from({ length: TASKS }, (_, i) => ({
    tid: 100 + i,
    cpu: undefined,
    call: undefined,
  }));
  const written = Array.from({ length: cpus }, () => new Writer());
  let ns = 1000n;
  for (let i = 0; i < events; i++) {
    ns += BigInt(1 + next(5000));
    const cpu = next(cpus);
    const task = tasks.find((one) => one.cpu === cpu);
    const write = (id: number, payload: Bytes): void =>
      written[cpu]!.write(id, ns, task?.tid ?? IDLE, payload, next);
    if (task === undefined || next(4) === 0) {
      const waiting = tasks.filter((one) => one.cpu === undefined);
      const to = next(5) === 0 ? undefined : waiting[next(waiting.length)];
      if (to === undefined && task === undefined) continue;
      write(Id.switch, switchOf(task?.tid ?? IDLE, to?.tid ?? IDLE, next(2)));
      if (task !== undefined) task.cpu = undefined;
      if (to !== undefined) to.cpu = cpu;
    } else if (next(3) === 0) {
      const isFree = next(2) === 0;
      write(isFree ? Id.free : Id.alloc, new Bytes().u64(1n).u64(1n).u32(next(4)));
    } else if (task.call === undefined) {
      task.call = next(2) === 0 ? "read" : "close";
      if (task.call === "read") write(Id.entry, new Bytes().u32(3).u64(64n));
      else write(Id.entry2, new Bytes().u32(3));
    } else {
      if (task.call === "read") write(Id.exit, new Bytes().u32(64).u64(4096n));
      else write(Id.exit2, new Bytes().u32(0));
      task.call = undefined;
    }
  }
  return written.map((one, cpuId) => one.packets(cpuId));
}

function switchOf(from: number, to: number, state: number): Bytes {
  return new Bytes().text("abc\0").u32(from).u32(20).u32(state).text("abc\0").u32(to).u32(20);
}

/** Records of one processor, in packets of random lengths. */
class Writer {
  #records: Uint8Array[] = [];
  #begin = 0n;
  #end = 0n;
  #limit = 40;
  readonly #packets: Omit<TracedPacket, "cpuId">[] = [];

  write(
    id: number,
    ns: bigint,
    tid: number,
    payload: Bytes,
    next: (below: number) => number,
  ): void {
    if (this.#records.length >= this.#limit) {
      this.#close();
      this.#limit = 10 + next(60);
    }
    const context = new Bytes().u32(tid).u32(tid).u32(HOST_PID_NS);
    if (this.#records.length === 0) this.#begin = ns;
    this.#end = ns;
    this.#records.push(record(id, ns, joined(context.take(), payload.take())));
  }

  packets(cpuId: number): readonly TracedPacket[] {
    this.#close();
    return this.#packets.map((one) => ({ ...one, cpuId }));
  }

  #close(): void {
    if (this.#records.length === 0) return;
    const records = joined(...this.#records);
    const count = this.#records.length;
    this.#packets.push({ begin: this.#begin, end: this.#end, count, records });
    this.#records = [];
  }
}

/**
 * A processor's stream file without some packets, as of a tracer that had to discard their events.
 * @param where the discarded events are counted: in the packet behind them, which begins after them, or, as LTTng does, in the
 * one before, which ends when the next begins
 */
export function streamFile(
  packets: readonly TracedPacket[],
  isDiscarded: (at: number) => boolean,
  where: "behind" | "before" = "behind",
): Uint8Array {
  let discarded = 0n;
  let sequenceNumber = 0n;
  const kept: Uint8Array[] = [];
  const isKept = packets.map((_, at) => !isDiscarded(at));
  packets.forEach(({ records, cpuId, begin, end, count }, at) => {
    if (!isKept[at]) {
      if (where === "behind") discarded += BigInt(count);
      return;
    }
    const next = isKept.indexOf(true, at + 1);
    const skipped = next === -1 ? [] : packets.slice(at + 1, next);
    if (where === "before") for (const one of skipped) discarded += BigInt(one.count);
    const own = {
      begin,
      end: where === "before" && next !== -1 ? packets[next]!.begin : end,
      sequenceNumber: sequenceNumber++,
      discarded,
      cpuId,
    };
    kept.push(packet(records, own));
  });
  return Buffer.concat(kept);
}
