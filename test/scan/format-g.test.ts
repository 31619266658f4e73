import { execFileSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatG } from "../../src/scan/format-g.ts";
import { random } from "../support/random.ts";

const test = suite("scan/format-g");

/** What C's printf makes of the values, by way of the shell's own. */
function printf(values: readonly number[]): string[] {
  return execFileSync("bash", ["-c", `printf '%g\\n' "$@"`, "bash", ...values.map(String)], {
    encoding: "utf8",
    env: { LC_ALL: "C" },
  })
    .trim()
    .split("\n");
}

test("writes doubles as %g does", () => {
  const next = random("scan/format-g");
  const values = [
    0,
    1,
    -1,
    0.1,
    123456,
    1234567,
    999999.5,
    0.0001,

    1e-5,
    1e300,
    5e-324,
    2.5,
    1 / 3,
    100,
    1e15,
    99999.95,
  ];
  for (let i = 0; i < 3000; i++) {
    values.push((next(2 ** 31) / 2 ** 20) * 10 ** (next(30) - 15) * (next(2) ? 1 : -1));
    values.push(next(1_000_000) / 8);
  }
  const theirs = printf(values);
  values.forEach((value, i) => {
    // The shell reads and prints in long double: a tie of the double may be none there, so ties are distinguished.
    const ours = formatG(value);
    assert.ok(
      ours === theirs[i] || Math.abs(Number(ours) - Number(theirs[i])) <= Math.abs(value) * 1.1e-5,
      `${value}: ${ours}, not ${theirs[i]}`,
    );
    assert.is(ours.includes("e"), theirs[i]!.includes("e"), String(value));
  });
});

test("takes the even one of two numbers that are equally near", () => {
  for (const [value, text] of [
    [30699.25, "30699.2"],
    [30699.75, "30699.8"],
    [-30699.25, "-30699.2"],
    [1000005, "1e+06"],
    [1000015, "1.00002e+06"],
    [100000.5, "100000"],
    [100001.5, "100002"],
    [0.5, "0.5"],
    [0.0625, "0.0625"],
    [1.000005, "1.00001"],
    [2097152.5, "2.09715e+06"],
  ] as const)
    assert.is(formatG(value), text);
});

test("writes what is no number as C does", () => {
  assert.equal([Number.NaN, Infinity, -Infinity, -0].map(formatG), ["nan", "inf", "-inf", "-0"]);
});

test.run();
