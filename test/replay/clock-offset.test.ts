import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shiftClocks } from "../../src/replay/clock-offset.ts";

const test = suite("replay/clock-offset");

const clock = (offset: string): string => `/* CTF 1.8 */ clock {
	name = "monotonic";
	freq = 1000000000; /* Frequency, in Hz */
	/* clock value offset from Epoch is: offset * (1/freq) */
	${offset}
};`;

test("moves the offset and leaves every other byte", () => {
  const text = `/* CTF 1.8 */ trace { a; };\n${clock("offset = 1795337512854627776;")}\nmap = clock.monotonic.value;`;
  assert.is(shiftClocks(text, 24n), text.replace("627776", "627800"));
});

test("keeps whole seconds where they are", () => {
  const text = clock("offset_s = 1400000000; offset = 5;");
  assert.is(shiftClocks(text, -10n), clock("offset_s = 1400000000; offset = -5;"));
});

test("adds an offset where there is none", () => {
  assert.match(shiftClocks(clock(""), 12n), /clock \{\n\toffset = 12;\n\tname/);
});

test("counts in cycles of the clock", () => {
  const text = clock("offset = 100;").replace("1000000000", "2500");
  assert.match(shiftClocks(text, 4_000_000_000n), /offset = 10100;/);
});

test("signs text that came out of packets without a signature", () => {
  assert.is(shiftClocks("trace { a; };", 5n), "/* CTF 1.8 */\n\ntrace { a; };");
});

test("moves every clock", () => {
  const text = clock("offset = 1;") + clock("offset = 2;");
  assert.is(shiftClocks(text, 3n), clock("offset = 4;") + clock("offset = 5;"));
});

const RS = "\x1e";
const ctf2 = (offset: string): string =>
  `${RS}{"type":"preamble","version":2}\n${RS}{"type":"clock-class","id":"c","frequency":1000${offset},"name":"x"}\n${RS}{"type":"data-stream-class"}`;

test("moves a clock of CTF 2 and leaves every other byte", () => {
  const before = ctf2(', "offset-from-origin": {"cycles": 7, "seconds": 18446744073}');
  const after = ctf2(', "offset-from-origin": {"seconds":18446744075,"cycles":507}');
  assert.is(shiftClocks(before, 2_500_000_000n), after);
});

test("moves a clock of CTF 2 backwards, and one without an offset", () => {
  assert.match(
    shiftClocks(ctf2(""), -1_000_000n),
    '"name":"x","offset-from-origin":{"seconds":-1,"cycles":999}}',
  );
});

test.run();
