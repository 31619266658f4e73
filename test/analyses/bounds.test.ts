/**
 * Numbers of a recording with losses have bounds: a whole recording is made again without some of its packets, whose events count
 * as discarded, and the whole one's numbers lie within what is said of the rest.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answers } from "../support/answers.ts";
import { run } from "../support/program.ts";
import { random } from "../support/random.ts";
import { KERNEL_METADATA, randomKernel, streamFile } from "../support/random-kernel.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("analyses/bounds");
const traces = projectTraces(test);
const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

interface Answer {
  readonly rows: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Calls whose begin or end is missing, or between which something was lost. */
  readonly cut: number;
}

const printed = new Map<string, ReturnType<typeof run>>();

/** @param keys the columns that distinguish rows */
function analyzed(path: string, analysis: string, by: string, keys: readonly string[]): Answer {
  const args = ["analyze", path, analysis, "--by", by, "--format", "csv"];
  const name = args.join(" ");
  const answer = printed.get(name) ?? run(args);
  printed.set(name, answer);
  const { stdout, stderr } = answer;
  const [head = "", ...lines] = stdout.trim().split("\n");
  const names = head.split(",");
  const rows = lines.map((line) =>
    Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])),
  );
  const numbers = /(\d+) intervals without a begin or an end, (\d+) cut short/.exec(stderr) ?? [];
  return {
    rows: new Map(rows.map((row) => [keys.map((key) => row[key]).join(" "), row])),
    cut: Number(numbers[1] ?? 0) + Number(numbers[2] ?? 0),
  };
}

const number = (row: Readonly<Record<string, string>> | undefined, name: string): number =>
  Number(row?.[name] || 0);

/** @returns how often a number is less than it was */
function checkUsage(whole: string, rest: string): number {
  let less = 0;
  for (const [by, keys] of [
    ["thread", ["container", "tid"]],
    ["container", ["container"]],
    ["cpu", ["cpu_id"]],
  ] as const) {
    const [before, after] = [whole, rest].map((path) => analyzed(path, "cputop", by, keys).rows);
    const unknown = [...after!.values()].reduce(
      (most, row) => Math.max(most, number(row, "usage_most") - number(row, "usage")),
      0,
    );
    for (const [key, row] of before!) {
      const found = after!.get(key);
      const [usage, least] = [number(row, "usage"), number(found, "usage")];
      // Of what has no row, all that is known is how much is unknown.
      const most = found === undefined ? unknown : number(found, "usage_most");
      assert.ok(least <= usage + 1e-9, `${by} ${key}: ${usage} of ${least} to ${most}`);
      assert.ok(usage <= most + 1e-9, `${by} ${key}: ${usage} of ${least} to ${most}`);
      if (least < usage) less++;
    }
  }
  return less;
}

/** Counts are at most as much too small as events were lost and intervals cut. */
function checkCounts(
  [whole, rest]: readonly [string, string],
  lost: number,
  [analysis, by, keys]: readonly [string, string, readonly string[]],
  [column, most]: readonly [string, number],
): number {
  const before = analyzed(whole, analysis, by, keys).rows;
  const { rows: after, cut } = analyzed(rest, analysis, by, keys);
  let sum = 0;
  for (const [key, row] of before) {
    const [all, some] = [number(row, column), number(after.get(key), column)];
    assert.ok(some <= all, `${analysis} ${key}: ${some} ${column}, of ${all}`);
    assert.ok(
      all <= some + (lost + cut) * most,
      `${analysis} ${key}: ${some} ${column}, of ${all}`,
    );
    sum += all - some;
  }
  for (const row of after.values()) assert.is(number(row, "lost_events"), lost);
  assert.ok(
    sum <= (lost + cut) * most,
    `${analysis}: ${sum} less ${column}, ${lost} lost, ${cut} cut`,
  );
  return sum;
}

function folderOf(metadata: string | Uint8Array, streams: readonly Uint8Array[]): string {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-bounds-"));
  folders.push(folder);
  writeFileSync(join(folder, "metadata"), metadata);
  streams.forEach((bytes, i) => {
    writeFileSync(join(folder, `stream_${i}`), bytes);
  });
  return folder;
}

const MAX_ORDER_PAGES = 8;

/** Packets of old tracers do not say truly when they end. */
const OLD_METADATA = KERNEL_METADATA.replace("tracer_minor = 13", "tracer_minor = 8");

for (const [title, where, metadata] of [
  ["counted in the packet behind", "behind", KERNEL_METADATA],
  ["counted in the packet before, as LTTng does", "before", KERNEL_METADATA],
  ["counted in the packet behind, without ends of packets", "behind", OLD_METADATA],
  ["counted in the packet before, without ends of packets", "before", OLD_METADATA],
] as const)
  test(`a made recording, losses ${title}: usage, calls and pages`, () => {
    const next = random("analyses/bounds");
    let less = 0;
    const cpus = randomKernel(next, 4000, 2 + next(2));
    const whole = folderOf(
      metadata,
      cpus.map((packets) => streamFile(packets, () => false)),
    );
    // The first and the last packet stay, so that the time is the same.
    const gone = cpus.map(
      (packets) =>
        new Set(
          packets
            .map((_, at) => at)
            .filter((at) => at > 0 && at < packets.length - 1 && next(6) === 0),
        ),
    );
    const lost = cpus.reduce(
      (sum, packets, cpu) =>
        packets.reduce((all, { count }, at) => (gone[cpu]!.has(at) ? all + count : all), sum),
      0,
    );
    const rest = folderOf(
      metadata,
      cpus.map((packets, cpu) => streamFile(packets, (at) => gone[cpu]!.has(at), where)),
    );
    less += checkUsage(whole, rest);
    const both = [whole, rest] as const;
    less += checkCounts(both, lost, ["syscallstats", "thread", ["tid", "syscall"]], ["count", 1]);
    for (const [column, most] of [
      ["allocated", MAX_ORDER_PAGES],
      ["freed", MAX_ORDER_PAGES],
      ["allocations", 1],
      ["releases", 1],
    ] as const)
      less += checkCounts(both, lost, ["memtop", "thread", ["tid"]], [column, most]);
    assert.ok(less > 30, `${less} numbers are less`);
  });

/** Of LTTng's kernel packets: where their sizes, number and discarded events stand. */
const AT = { begin: 32, end: 40, packetBits: 56, sequenceNumber: 64, discarded: 72 } as const;

/** Packets of a stream file of LTTng's kernel tracer. */
function packetsOf(file: Buffer): readonly Buffer[] {
  const packets: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const bytes = Number(file.readBigUInt64LE(at + AT.packetBits)) / 8;
    packets.push(Buffer.from(file.subarray(at, at + bytes)));
    at += bytes;
  }
  return packets;
}

test("a real recording: usage and calls", async () => {
  const next = random("analyses/bounds, real");
  const whole = join(await traces("small"), "kernel");
  const rows = (await answers(whole, "|> select cpu_id, $event.timestamp as ts")).rows;
  const metadata = readFileSync(join(whole, "metadata"));
  const origin = BigInt(/offset = (\d+)/.exec(metadata.toString("latin1"))?.[1] ?? "0");
  const times = [0, 1].map((cpu) =>
    rows.filter(({ cpu_id }) => cpu_id === cpu).map(({ ts }) => BigInt(String(ts)) - origin),
  );
  let [lost, less] = [0, 0];
  const streams = [0, 1].map((cpu) => {
    const packets = packetsOf(readFileSync(join(whole, `k_${cpu}`)));
    let [discarded, sequenceNumber] = [0, 0n];
    return packets.filter((bytes, at) => {
      const [begin, end] = [bytes.readBigUInt64LE(AT.begin), bytes.readBigUInt64LE(AT.end)];
      if (at > 0 && at < packets.length - 1 && next(5) === 0) {
        discarded += times[cpu]!.filter((ns) => ns >= begin && ns < end).length;
        return false;
      }
      bytes.writeBigUInt64LE(sequenceNumber++, AT.sequenceNumber);
      bytes.writeBigUInt64LE(BigInt(discarded), AT.discarded);
      if (at === packets.length - 1) lost += discarded;
      return true;
    });
  });
  const rest = folderOf(
    metadata,
    streams.map((packets) => Buffer.concat(packets)),
  );
  less += checkUsage(whole, rest);
  less += checkCounts(
    [whole, rest],
    lost,
    ["syscallstats", "thread", ["tid", "syscall"]],
    ["count", 1],
  );
  assert.ok(less > 10 && lost > 100, `${less} numbers are less, ${lost} events lost`);
});

test.run();
