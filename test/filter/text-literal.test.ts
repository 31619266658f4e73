import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter } from "../../src/filter/compile.ts";
import { link } from "../../src/filter/link.ts";
import { collapseStars, globClassOf, unquoted } from "../../src/filter/text-literal.ts";
import { LAB } from "./lab-event.ts";

const test = suite("filter/text-literal");

test("collapses runs of stars that are not escaped", () => {
  // lttng-tools 2.13.9, tests/unit/test_string_utils
  const rows = [
    ["salut", "salut"],
    ["sal*ut", "sal*ut"],
    ["sal**ut", "sal*ut"],
    ["sal***ut", "sal*ut"],
    ["**salut", "*salut"],
    ["salut***", "salut*"],
    ["sa\\*lut", "sa\\*lut"],
    ["sa\\**lut", "sa\\**lut"],
    ["sa*\\***lut", "sa*\\**lut"],
    ["\\*salu**t", "\\*salu*t"],
    ["\\*salut**\\*", "\\*salut*\\*"],
    ["\\***salut", "\\**salut"],
    ["salut\\", "salut\\"],
    ["salut\\**", "salut\\**"],
    ["salut\\\\***", "salut\\\\*"],
    ["***", "*"],
    ["**\\***", "*\\**"],
  ] as const;
  for (const [from, to] of rows) assert.is(collapseStars(from), to);
});

test("distinguishes plain texts, prefixes and patterns", () => {
  for (const text of ["allo", "allo\\*", "al\\*lo", "\\*allo", "\\*", "allo\\", ""]) {
    assert.is(globClassOf(text), "plain", text);
  }
  for (const text of ["allo*", "allo\\\\*", "*", "\\**"])
    assert.is(globClassOf(text), "star-at-end", text);
  for (const text of [
    "*allo",
    "*al*lo*",
    "al\\**lo",
    "al\\*l*o",
    "all*o\\",
    "allo**",
    "**",
    "allo*\\*",
  ]) {
    assert.is(globClassOf(text), "star", text);
  }
});

test("drops quotes, the L and raw newlines", () => {
  assert.is(unquoted('L"a\nb"'), "ab");
  assert.is(unquoted("'a\"b'"), 'a"b');
});

const MANY_AS = `${"a".repeat(85)}b`;
const LONG =
  "abababababababababababababababababababaacacacacacacacadaeafagahaiajakalaaaaaaaaaaaaaaaaaffafagaagggagaaaaaaaab";

test("matches star patterns as the upstream suite expects", () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['"salut*" == "salut vous"', true],
    ['"salut*" == "salut vous*"', true],
    ['"salut vous*" == "salut*"', true],
    ['"abcccd" == "*ccd"', true],
    ['"mississipissippi" == "*issip*ss*"', true],
    ['"xxxx\\*zzzzzzzzy\\*f" == "xxxx*zzy*fffff"', false],
    ['"xxxx\\*zzzzzzzzy\\*f" == "xxx*zzy*f"', true],
    ['"xxxxzzzzzzzzyf" == "xxxx*zzy*fffff"', false],
    ['"xyxyxyzyxyz" == "xy*z*xyz"', true],
    ['"ababac" == "*abac*"', true],
    ['"a12b12" == "*12*23"', false],
    ['"a12b12" == "*12*12*"', true],
    ['"\\*" == "*"', true],
    ['"a\\*abab" == "a*b"', true],
    ['"a\\*ar" == "a*aar"', false],
    ['"miSsissippi" == "mi*sip*"', true],
    ['"miSsissippi" == "mi*Sip*"', false],
    ['"bLah" == "bLaH"', false],
    [`"${MANY_AS}" == "a*a*a*a*a*a*aa*aaa*a*a*b"`, true],
    [`"${LONG}" == "*a*b*ba*ca*a*aa*aaa*fa*ga*b*"`, true],
    [`"${LONG}" == "*a*b*ba*ca*a*x*aaa*fa*ga*b*"`, false],
    [`"${LONG}" == "*a*b*ba*ca*aaaa*fa*ga*gggg*b*"`, false],
    [`"${LONG}" == "*a*b*ba*ca*aaaa*fa*ga*ggg*b*"`, true],
    ['"aaaaaaaaaaaaaaaaa" == "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*"', true],
    ['"aaaaaaaaaaaaaaaa" == "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*"', false],
    ['"a\\*b" == "a\\\\*b"', true],
    ['"" == "**"', true],
    ['"hypothec" <= "hypo*"', true],
    ['"abc" < "a*"', false],
    ['"\\\\" == "\\\\"', true],
  ];
  for (const [expr, expected] of rows) {
    assert.is(link(compileFilter(expr), LAB).verdict, expected ? "always" : "never", expr);
  }
});

test.run();
