/** Which time an event has, and which order, where clocks are narrow, undeclared, at the epoch, or none. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { printed } from "../support/printed.ts";
import { Bytes } from "../support/tsdl.ts";

process.env["TZ"] = "UTC";

const test = suite("field/times");
const folders = new Folders();
test.after(() => folders.removeAll());

const TYPES = `/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
typealias integer { size = 8; align = 8; } := u8;
typealias integer { size = 16; align = 8; } := u16;
typealias integer { size = 32; align = 8; } := u32;
typealias integer { size = 64; align = 8; } := u64;
`;
const CLOCK = `clock { name = c; freq = 1000000000; };
typealias integer { size = 16; align = 8; map = clock.c.value; } := clk16;
typealias integer { size = 27; align = 8; map = clock.c.value; } := clk27;
typealias integer { size = 32; align = 8; map = clock.c.value; } := clk32;
typealias integer { size = 64; align = 8; map = clock.c.value; } := clk64;
`;
const EVENT = "event { name = tick; fields := struct { u8 n; }; };\n";

interface Range {
  readonly begin?: string;
  readonly end?: string;
  readonly expected: readonly number[];
}

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Time of day and `n` of each event, in the order of babeltrace2's lines; no time where it prints none. */
  readonly expected: readonly (readonly [string, number])[];
  /** `n` of the events that bounds leave. */
  readonly ranges?: readonly Range[];
}

/** Records of a time and a number. */
function ticks(
  bytes: number,
  ...events: readonly (readonly [number | bigint, number])[]
): Uint8Array {
  const out = new Bytes();
  for (const [time, n] of events) {
    const word = new Bytes().u64(BigInt(time)).take();
    out.u8(...word.subarray(0, bytes), n);
  }
  return out.take();
}

/** A packet of 32-bit sizes, begin and end of so many bytes, and records. */
function packet(
  bytes: number,
  begin: number | bigint,
  end: number | bigint,
  records: Uint8Array,
): Uint8Array {
  const size = 8 + 2 * bytes + records.length;
  const times = [begin, end].flatMap((time) => [
    ...new Bytes().u64(BigInt(time)).take().subarray(0, bytes),
  ]);
  return new Bytes()
    .u32(size * 8)
    .u32(size * 8)
    .u8(...times, ...records)
    .take();
}

const TIMED_PACKETS = (clock: string): string =>
  `stream { packet.context := struct { u32 packet_size; u32 content_size; ${clock} timestamp_begin; ${clock} timestamp_end; }; event.header := struct { ${clock} timestamp; }; };\n`;

/** Two packets of a stream whose clock of so many bits wraps between them, and another without a wrap. */
function narrow(bits: number): Case {
  const bytes = Math.ceil(bits / 8);
  const wrap = 2 ** bits;
  const metadata = TYPES + CLOCK + TIMED_PACKETS(`clk${bits}`) + EVENT;
  const parts = [
    packet(bytes, wrap - 5000, wrap - 4000, ticks(bytes, [wrap - 5000, 1], [wrap - 4500, 2])),
    packet(bytes, wrap - 3000, 500, ticks(bytes, [wrap - 2000, 3], [400, 4])),
    packet(bytes, 600, 900, ticks(bytes, [700, 5], [800, 6])),
  ];
  const at = (cycles: number): string =>
    `00:00:0${Math.floor(cycles / 1e9)}.${String(cycles % 1e9).padStart(9, "0")}`;
  return {
    name: `a clock of ${bits} bits in packet contexts goes on over the packets of a stream`,
    files: { metadata, stream: Buffer.concat(parts) },
    expected: [
      [at(wrap - 5000), 1],
      [at(wrap - 4500), 2],
      [at(wrap - 2000), 3],
      [at(wrap + 400), 4],
      [at(wrap + 700), 5],
      [at(wrap + 800), 6],
    ],
    ranges: [
      { begin: at(wrap + 400), expected: [4, 5, 6] },
      { end: at(wrap + 400), expected: [1, 2, 3, 4] },
      { begin: at(wrap - 4500), end: at(wrap - 2000), expected: [2, 3] },
    ],
  };
}

const CASES: readonly Case[] = [
  {
    name: "the epoch itself is a time, and so is what lies before it",
    files: {
      metadata: `${TYPES}${CLOCK.replace("freq", "offset_s = -1; freq")}${TIMED_PACKETS("clk64")}${EVENT}`,
      stream: packet(8, 0, 2e9, ticks(8, [0, 1], [999_999_999, 2], [1e9, 3], [1e9 + 1, 4])),
    },
    expected: [
      ["23:59:59.000000000", 1],
      ["23:59:59.999999999", 2],
      ["00:00:00.000000000", 3],
      ["00:00:00.000000001", 4],
    ],
    ranges: [
      { begin: "0", expected: [3, 4] },
      { end: "0", expected: [1, 2, 3] },
      { end: "-0.000000001", expected: [1, 2] },
    ],
  },
  {
    name: "without a declared clock, timestamps of packets and events count nanoseconds",
    files: {
      metadata: TYPES + TIMED_PACKETS("u64") + EVENT,
      stream: packet(8, 900, 4000, ticks(8, [1000, 1], [2000, 2], [3000, 3])),
    },
    expected: [
      ["00:00:00.000001000", 1],
      ["00:00:00.000002000", 2],
      ["00:00:00.000003000", 3],
    ],
    ranges: [{ begin: "00:00:00.000002", expected: [2, 3] }],
  },
  {
    name: "the same in event headers alone, and over a wrap of 32 bits",
    files: {
      metadata: `${TYPES}stream { event.header := struct { u32 timestamp; }; };\n${EVENT}`,
      stream: ticks(4, [4_294_960_000, 1], [4_294_967_000, 2], [200, 3], [100_000, 4]),
    },
    expected: [
      ["00:00:04.294960000", 1],
      ["00:00:04.294967000", 2],
      ["00:00:04.294967496", 3],
      ["00:00:04.295067296", 4],
    ],
  },
  {
    name: "a time in the packet context is not an event's, where event headers have none of their own, but where it began",
    files: {
      metadata: `${TYPES}stream { packet.context := struct { u64 timestamp_begin; }; event.header := struct { u8 id; u64 timestamp; }; };
event { name = tick; id = 1; fields := struct { u8 n; }; };\n`,
      stream: new Bytes().u64(5n).u8(1).u64(7n).u8(1).u8(1).u64(9n).u8(2).take(),
    },
    expected: [
      ["00:00:00.000000007", 1],
      ["00:00:00.000000009", 2],
    ],
  },
  {
    name: "where packets have no times, times of day are of the first event's day",
    files: {
      metadata: `${TYPES}${CLOCK.replace("freq", "offset_s = 1434072888; freq")}stream { event.header := struct { clk32 timestamp; }; };\n${EVENT}`,
      stream: ticks(4, [4_294_960_000, 1], [4_294_967_000, 2], [200, 3], [1e9, 4]),
    },
    expected: [
      ["01:34:52.294960000", 1],
      ["01:34:52.294967000", 2],
      ["01:34:52.294967496", 3],
      ["01:34:53.294967296", 4],
    ],
    ranges: [
      { begin: "01:34:52.294967", expected: [2, 3, 4] },
      { begin: "1434072892.294967", expected: [2, 3, 4] },
      { end: "01:34:52.294967", expected: [1, 2] },
      { end: "1434072892.294967", expected: [1, 2] },
      { begin: "01:34:52.294967496", end: "01:34:52.294967496", expected: [3] },
      { begin: "01:34:54", expected: [] },
    ],
  },
  narrow(32),
  narrow(27),
  narrow(16),
  {
    name: "an event may be earlier than its packet's begin",
    files: {
      metadata: TYPES + CLOCK + TIMED_PACKETS("clk64") + EVENT,
      s1: Buffer.concat([
        packet(8, 1015, 1030, ticks(8, [1000, 1], [1010, 2], [1020, 3])),
        packet(8, 2015, 2030, ticks(8, [2000, 4], [2010, 5])),
      ]),
      s2: Buffer.concat([
        packet(8, 1016, 1030, ticks(8, [1001, 11], [1011, 12], [1021, 13])),
        packet(8, 2006, 2030, ticks(8, [2005, 14])),
      ]),
    },
    expected: [1000, 1001, 1010, 1011, 1020, 1021, 2000, 2005, 2010].map((ns, i) => [
      `00:00:00.00000${ns}`,
      [1, 11, 2, 12, 3, 13, 4, 14, 5][i]!,
    ]),
    ranges: [
      { begin: "0.000000999", end: "0.000003", expected: [1, 11, 2, 12, 3, 13, 4, 14, 5] },
      { begin: "0.000001", expected: [1, 11, 2, 12, 3, 13, 4, 14, 5] },
      { begin: "0.000001001", end: "0.000001010", expected: [11, 2] },
      { begin: "0.000002", end: "0.000002005", expected: [4, 14] },
      { end: "0.000001012", expected: [1, 11, 2, 12] },
    ],
  },
  {
    name: "events of equal times come in the order of their files' names, where streams have no number",
    files: {
      metadata: TYPES + CLOCK + TIMED_PACKETS("clk64") + EVENT,
      b: packet(8, 1, 9, ticks(8, [5, 2], [6, 5])),
      c: packet(8, 1, 9, ticks(8, [5, 3], [6, 6])),
      a: packet(8, 1, 9, ticks(8, [5, 1], [6, 4])),
    },
    expected: [1, 2, 3, 4, 5, 6].map((n) => [`00:00:00.00000000${n < 4 ? 5 : 6}`, n]),
  },
  {
    name: "events of a stream without a clock have no time, and lie in no range",
    files: {
      metadata: `${TYPES}${CLOCK}stream { event.header := struct { u8 id; }; };
event { name = tick; id = 1; fields := struct { u8 n; }; };\n`,
      stream: new Bytes().u8(1, 1, 1, 2).take(),
    },
    expected: [
      ["", 1],
      ["", 2],
    ],
    ranges: [
      { begin: "0", expected: [] },
      { end: "10:00:00", expected: [] },
    ],
  },
];

for (const { name, files, expected, ranges = [] } of CASES) {
  for (const engine of ["kernel", "interpreter"] as const) {
    test(`${engine}: ${name}`, async () => {
      const path = folders.make(files);
      const all = await printed(path, engine);
      assert.equal(
        all.lines,
        expected.map(([time, n]) => `${time && `[${time}] `}tick: { n = ${n} }`),
      );
      assert.equal(all.remarks, []);
      for (const { begin, end, expected } of ranges) {
        const range = { ...(begin && { begin }), ...(end && { end }) };
        const { lines } = await printed(path, engine, range);
        assert.equal(
          lines.map((line) => Number(/n = (\d+)/.exec(line)?.[1])),
          expected,
          JSON.stringify(range),
        );
      }
    });
  }
}

for (const engine of ["kernel", "interpreter"] as const) {
  test(`${engine}: a note says why events without a time are left out`, async () => {
    const timeless = CASES.at(-1)!;
    const { remarks } = await printed(folders.make(timeless.files), engine, { begin: "0" });
    assert.is(remarks.length, 1);
    assert.match(remarks[0]!, /stream class 0 has no clock: its events have no time/);
  });
}

test.run();
