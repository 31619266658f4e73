/** Trace folders as crashes, copies, full disks and hands leave them: made of good ones by random changes. */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bytesOf, metadataBytes, parseGolden } from "../ctf/golden.ts";
import { PROJECT } from "../support/traces.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

export type Next = (below: number) => number;

const GOLDEN = join(PROJECT, "test/ctf/golden");
const goldens = readdirSync(GOLDEN).map((name) => {
  const { metadata, bytes } = parseGolden(readFileSync(join(GOLDEN, name), "utf8"));
  return { metadata: metadataBytes(metadata), bytes: bytesOf(bytes) };
});

/** A good trace, and then some changes. Gives what was done, in words. */
export function makeFolder(root: string, next: Next): string[] {
  const trace = next(5) === 0 ? join(root, "a", "b") : root;
  mkdirSync(trace, { recursive: true });
  if (next(3) === 0) writeGolden(trace, next);
  else writeTicks(trace, next);
  const done = [];
  for (let n = next(5); n > 0; n--) done.push(change(trace, next));
  return done;
}

/** What may happen to a folder while it is read. Gives what was done, in words. */
export function disturb(root: string, next: Next): string {
  const trace = existsSync(join(root, "a", "b")) ? join(root, "a", "b") : root;
  switch (next(5)) {
    case 0:
      rmSync(root, { recursive: true, force: true });
      return "the folder goes";
    case 1:
      return changeFile(trace, next, ["cut", "empty", "remove"]);
    case 2:
      return changeFile(trace, next, ["bytes", "longer"]);
    case 3:
      return changeFile(trace, next, ["fifo", "folder", "dangling"]);
    default:
      return change(trace, next);
  }
}

function writeGolden(trace: string, next: Next): void {
  const { metadata, bytes } = goldens[next(goldens.length)]!;
  writeFileSync(join(trace, "metadata"), metadata);
  for (let i = next(4); i >= 0; i--) writeFileSync(join(trace, `stream_${i}`), bytes);
}

/** Streams of packets that a tracer could have written, with gaps in their numbers. */
function writeTicks(trace: string, next: Next): void {
  const metadata = `${PREAMBLE}${STREAM}${event(1, "tick", "u32 n; u8 len; char8 text[len]; string s;")}`;
  writeFileSync(join(trace, "metadata"), metadata);
  const streams = 1 + next(next(10) === 0 ? 40 : 4);
  for (let stream = 0; stream < streams; stream++) {
    let time = BigInt(next(1000));
    const packets = Array.from({ length: next(6) }, (_, i) => {
      const begin = time;
      const records = Array.from({ length: next(50) }, () => {
        time += BigInt(next(1000));
        const payload = new Bytes()
          .u32(next(2 ** 31))
          .u8(3)
          .text("abc")
          .text("x".repeat(next(20)));
        return record(1, time, payload.u8(0).take());
      });
      const sequenceNumber = BigInt(i + next(2));
      return packet(joined(...records), { begin, end: time, sequenceNumber, padding: next(64) });
    });
    writeFileSync(join(trace, `stream_${stream}`), joined(...packets));
  }
}

const NAMES = ["line\nbreak", "\x1b[31mred", "ünï", ".hidden", "x".repeat(200), "-o", "a b"];

function change(trace: string, next: Next): string {
  switch (next(8)) {
    case 0: {
      const index = join(trace, "index");
      if (lstatSync(index, { throwIfNoEntry: false })?.isDirectory() === false) return "nothing";
      mkdirSync(index, { recursive: true });
      const bytes = randomBytes(16 + next(300), next);
      if (next(2) === 0) bytes.set([0xc1, 0xf1, 0xdc, 0xc1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 72]);
      writeFileSync(join(index, "stream_0.idx"), bytes);
      return "an index of random bytes";
    }
    case 1: {
      const copy = join(trace, "copy");
      if (existsSync(copy)) return "nothing";
      cpSync(trace, `${trace}-copy`, { recursive: true, filter: isPlain });
      renameSync(`${trace}-copy`, copy);
      return "a copy of the trace inside it";
    }
    case 2: {
      const name = NAMES[next(NAMES.length)]!;
      const path = join(trace, name);
      // A change before may have made it a folder or a FIFO.
      rmSync(path, { recursive: true, force: true });
      writeFileSync(path, randomBytes(next(200), next));
      return `a file named ${JSON.stringify(name)}`;
    }
    default:
      return changeFile(trace, next, CHANGES);
  }
}

function isPlain(path: string): boolean {
  const entry = lstatSync(path);
  return entry.isFile() || entry.isDirectory();
}

const CHANGES = [
  "bytes",
  "bytes",
  "cut",
  "cut",
  "longer",
  "huge",
  "empty",
  "remove",
  "fifo",
  "folder",
  "dangling",
  "loop",
  "zero",
  "forbidden",
] as const;

/** Changes one file of a trace, mostly a stream. */
function changeFile(
  trace: string,
  next: Next,
  changes: readonly (typeof CHANGES)[number][],
): string {
  const names = readdirSync(trace).filter((name) => lstatSync(join(trace, name)).isFile());
  const streams = names.filter((name) => name !== "metadata");
  const name = next(4) === 0 || streams.length === 0 ? "metadata" : streams[next(streams.length)]!;
  const path = join(trace, name);
  if (!names.includes(name)) return "nothing";
  const how = changes[next(changes.length)]!;
  applyChange(how, path, next);
  return `${how} ${JSON.stringify(name)}`;
}

function applyChange(how: (typeof CHANGES)[number], path: string, next: Next): void {
  const { size } = lstatSync(path);
  const replace = (make: () => void): void => {
    rmSync(path);
    make();
  };
  switch (how) {
    case "bytes": {
      const bytes = readFileSync(path);
      for (let n = 1 + next(8); n > 0 && size > 0; n--) bytes[next(size)] = next(256);
      writeFileSync(path, bytes);
      break;
    }
    case "cut":
      truncateSync(path, next(size + 1));
      break;
    case "longer":
      writeFileSync(path, randomBytes(1 + next(5000), next), { flag: "a" });
      break;
    case "huge":
      truncateSync(path, size + next(6 << 20));
      break;
    case "empty":
      truncateSync(path, 0);
      break;
    case "remove":
      rmSync(path);
      break;
    case "fifo":
      replace(() => execFileSync("mkfifo", [path]));
      break;
    case "folder":
      replace(() => mkdirSync(path));
      break;
    case "dangling":
      replace(() => symlinkSync(`${path}-gone`, path));
      break;
    case "loop":
      replace(() => symlinkSync(path, path));
      break;
    case "zero":
      replace(() => symlinkSync("/dev/zero", path));
      break;
    case "forbidden":
      chmodSync(path, 0);
      break;
  }
}

function randomBytes(length: number, next: Next): Uint8Array {
  return Uint8Array.from({ length }, () => next(256));
}
