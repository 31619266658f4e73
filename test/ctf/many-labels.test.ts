/** A million labels of an enumeration, in either language: what they say is found, and the program stays below the memory that a server has. */

import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { MAIN } from "../support/traces.ts";
import { Bytes, event, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("ctf/many-labels");
const folders = new Folders();
test.after(() => folders.removeAll());

const COUNT = 1_000_000;
/** Of JSON its names are held while it is read. */
const MAX_MIB = { TSDL: 400, "CTF 2": 650 } as const;
/** Writes the most memory that the program had, in KiB, as the last line. */
const PEAK = `data:text/javascript,import{isMainThread}from"node:worker_threads";isMainThread&&process.on("exit",()=>process.stderr.write("\\n"+process.resourceUsage().maxRSS))`;

function peakOf(args: readonly string[]): { readonly text: string; readonly mib: number } {
  const argv = ["--import", PEAK, MAIN, ...args];
  const env = { ...process.env, XDG_CACHE_HOME: folders.make({}) };
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: "utf8", env });
  assert.is(status, 0, stderr);
  return { text: stdout, mib: Number(stderr.split("\n").at(-1)) / 1024 };
}

function labels(write: (i: number) => string): string {
  return Array.from({ length: COUNT }, (_, i) => write(i)).join(",");
}

const VALUE = 987_654;

function tsdlTrace(): string {
  const declared = `enum : u32 { ${labels((i) => `LABEL_${i} = ${i}`)} } _e;`;
  return folders.make({
    metadata: `${PREAMBLE}${STREAM}${event(0, "ev", declared)}`,
    stream: packet(record(0, 1n, new Bytes().u32(VALUE).take()), { end: 1n }),
  });
}

function ctf2Trace(): string {
  const field = {
    name: "e",
    "field-class": {
      type: "fixed-length-unsigned-integer",
      length: 32,
      alignment: 8,
      "byte-order": "little-endian",
      mappings: "MAPPINGS",
    },
  };
  const fragments = [
    { type: "preamble", version: 2 },
    { type: "data-stream-class" },
    {
      type: "event-record-class",
      name: "ev",
      "payload-field-class": { type: "structure", "member-classes": [field] },
    },
  ];
  const text = fragments.map((one) => `\x1e${JSON.stringify(one)}`).join("");
  const mappings = `{${labels((i) => `"LABEL_${i}":[[${i},${i}]]`)}}`;
  return folders.make({
    metadata: text.replace('"MAPPINGS"', mappings),
    stream: new Bytes().u32(VALUE).take(),
  });
}

for (const [language, make] of [
  ["TSDL", tsdlTrace],
  ["CTF 2", ctf2Trace],
] as const)
  test(`a million labels of ${language}`, () => {
    const { text, mib } = peakOf(["tail", make()]);
    assert.match(text, `LABEL_${VALUE}`);
    assert.ok(mib < MAX_MIB[language], `${Math.round(mib)} MiB`);
  });

test.run();
