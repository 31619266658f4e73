/** Packets that do not fit their metadata, their file or their neighbours: what is there is read, and what is odd is said. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { printed } from "../support/printed.ts";
import { run } from "../support/program.ts";
import { Bytes } from "../support/tsdl.ts";

process.env["TZ"] = "UTC";

const test = suite("field/odd-packets");
const folders = new Folders();
test.after(() => folders.removeAll());

const ENGINES = ["kernel", "interpreter"] as const;
const UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f";
const METADATA = `/* CTF 1.8 */
typealias integer { size = 8; } := u8;
typealias integer { size = 16; } := u16;
typealias integer { size = 32; } := u32;
trace { major = 1; minor = 8; byte_order = le; uuid = "${UUID}"; packet.header := struct { u32 magic; u8 uuid[16]; u8 stream_id; u8 stream_instance_id; }; };
clock { name = c; };
typealias integer { size = 64; map = clock.c.value; } := time;
stream { packet.context := struct { time timestamp_begin; time timestamp_end; u16 content_size; u16 packet_size; }; event.header := struct { time timestamp; }; };
event { name = tick; fields := struct { u8 n; }; };
`;
const OWN = Array.from({ length: 16 }, (_, i) => i);
const FOREIGN = [...OWN.slice(0, 15), 0xff];

/** A packet of a stream with ticks at 1, 2, … ns, and padding behind. */
function packet(
  ticks: readonly number[],
  { uuid = OWN, magic = 0xc1fc1fc1, instance = 0, padding = 0 } = {},
): Uint8Array {
  const content = 22 + 20 + ticks.length * 9;
  const out = new Bytes().u32(magic).u8(...uuid, 0, instance);
  out.u64(BigInt(ticks[0]!)).u64(BigInt(ticks.at(-1)!)); // begin, end
  out.u16(content * 8).u16((content + padding) * 8);
  for (const tick of ticks) out.u64(BigInt(tick)).u8(tick);
  return out.zeros(padding).take();
}

const numbers = (lines: readonly string[]): number[] =>
  lines.map((line) => Number(/n = (\d+)/.exec(line)?.[1]));

for (const engine of ENGINES) {
  test(`${engine}: packets of another UUID are read, and one note names both`, async () => {
    const path = folders.make({
      metadata: METADATA,
      a: Buffer.concat([packet([1, 2], { uuid: FOREIGN }), packet([3], { uuid: FOREIGN })]),
      b: packet([4], { uuid: FOREIGN, instance: 1 }),
      c: packet([5], { instance: 2 }),
    });
    const { lines, remarks } = await printed(path, engine);
    assert.equal(numbers(lines), [1, 2, 3, 4, 5]);
    assert.is(remarks.length, 1);
    assert.match(
      remarks[0]!,
      /000102030405060708090a0b0c0d0e0f, got 000102030405060708090a0b0c0d0eff/,
    );
  });

  test(`${engine}: packets of another magic are refused`, async () => {
    const path = folders.make({ metadata: METADATA, a: packet([1], { magic: 1 }), b: packet([2]) });
    const { lines, remarks } = await printed(path, engine);
    assert.equal(numbers(lines), [2]);
    assert.match(remarks.join(), /\/a: packet at byte 0: packet header: expected magic c1fc1fc1/);
  });

  test(`${engine}: a last packet larger than its file is read as far as it goes, and said`, async () => {
    const whole = packet([3, 4], { padding: 100 });
    for (const [cut, expected] of [
      [0, [1, 2, 3, 4]],
      [99, [1, 2, 3, 4]],
      [100, [1, 2, 3, 4]],
      [101, [1, 2, 3]],
      [118, [1, 2]],
    ] as const) {
      const a = Buffer.concat([packet([1, 2]), whole.subarray(0, whole.length - cut)]);
      const { lines, remarks } = await printed(folders.make({ metadata: METADATA, a }), engine);
      assert.equal(numbers(lines), expected, `cut ${cut}`);
      const message = `packet at byte 60: expected ${whole.length} bytes, got ${whole.length - cut} before the file ends`;
      assert.is(
        remarks.some((remark) => remark.includes(message)),
        cut > 0,
        remarks.join(),
      );
      assert.is(
        remarks.some((remark) => remark.includes("all of its content")),
        cut > 0 && cut <= 100,
      );
    }
  });

  test(`${engine}: packets of equal times and sizes in two snapshots are one only if they are the same`, async () => {
    const other = packet([1, 2]).slice();
    other[other.length - 1] = 99;
    const path = folders.make({
      "one/metadata": METADATA,
      "one/a": packet([1, 2]),
      "two/metadata": METADATA,
      "two/a": packet([1, 2]),
      "three/metadata": METADATA,
      "three/a": other,
    });
    const { lines } = await printed(path, engine);
    assert.equal(
      numbers(lines).sort((a, b) => a - b),
      [1, 1, 2, 99],
    );
  });

  test(`${engine}: traces below a trace are read as well, however deep they lie`, async () => {
    const path = folders.make({
      metadata: METADATA.replace(UUID, UUID.replace("00", "10")),
      a: packet([1], { uuid: [0x10, ...OWN.slice(1)] }),
      [`${"deeper/".repeat(30)}metadata`]: METADATA,
      [`${"deeper/".repeat(30)}a`]: packet([2]),
    });
    const { lines, remarks } = await printed(path, engine);
    assert.equal(numbers(lines), [1, 2]);
    assert.equal(remarks, []);
  });
}

test("info shows what is odd", () => {
  const path = folders.make({ metadata: METADATA, a: packet([1], { uuid: FOREIGN }) });
  const { stdout, stderr } = run(["info", path]);
  assert.match(stdout + stderr, /got 000102030405060708090a0b0c0d0eff/);
});

test.run();
