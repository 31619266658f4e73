/** System calls in strace's words: by hand for each common call. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PathOf } from "../../src/calls/argument.ts";
import { argumentsText, type Call, type Fields, fieldsOf } from "../../src/calls/call-line.ts";
import { errorText, flagsText } from "../../src/calls/constants.ts";
import { callOfEvent } from "../../src/calls/names.ts";
import { durationText, resultText } from "../../src/calls/result.ts";
import { CallSummary } from "../../src/strace/summary.ts";
import { traceSet } from "../../src/strace/trace-set.ts";
import { CallTracer, type TracedCall } from "../../src/strace/tracer.ts";
import { run } from "../support/program.ts";
import { PROJECT, recordedTrace } from "../support/traces.ts";

const test = suite("strace/calls");
const trace = await recordedTrace("small");
test.after(() => trace.remove());

/** Pairs of lines: what is given, and behind two blanks the line that is expected. */
function cases(file: string): readonly (readonly [string, string])[] {
  const lines = readFileSync(join(PROJECT, "test/data/strace", file), "utf8").split("\n");
  return lines.flatMap((line, i) =>
    line.startsWith("  ") ? [[lines[i - 1] ?? "", line.trim()] as const] : [],
  );
}

function lineOf(call: Call, result: number, pathOf: PathOf): string {
  return `${call.name}(${argumentsText(call, pathOf)}) = ${resultText(call, result, pathOf)}`;
}

const FILES: Readonly<Record<number, string>> = { 3: "/etc/passwd", 4: "socket" };

for (const [given, expected] of cases("calls.txt")) {
  test(expected, () => {
    const [, name, fields, ret] = /^(\w*) ?(\{.*\}) (\{.*\})$/.exec(given) ?? [];
    const [entry, exit] = [fields, ret].map((json) => JSON.parse(json!) as Fields);
    const call = callOfEvent(name || expected.replace(/\(.*/, ""), -1);
    const text = lineOf(
      { name: call, entry: fieldsOf(call, entry!), exit },
      exit!["ret"] as number,
      (fd) => FILES[fd],
    );
    assert.is(text, expected);
  });
}

test("registers alone give strace's line, where strace reads no memory", () => {
  const all = cases("registers.txt");
  assert.ok(all.length > 100);
  for (const [given, expected] of all) {
    const [, registers, result] = /^(\[.*\]) (.*)$/.exec(given) ?? [];
    const name = expected.replace(/\(.*/, "");
    const entry = fieldsOf(name, { id: 0, args: JSON.parse(registers!) as number[] });
    const paths = new Map<number, string>();
    for (const [, fd, path = ""] of expected.matchAll(/(\d+)<((?:\\.|[^<>])*)>/g))
      paths.set(Number(fd), path);
    const ret = Number(result);
    assert.is(
      lineOf({ name, entry, exit: { ret } }, ret, (fd) => paths.get(fd)),
      expected,
    );
  }
});

test("flags without a name are numbers, and errors without one are, too", () => {
  assert.is(flagsText("open", 0x40000000 | 64), "O_CREAT|0x40000000");
  assert.is(flagsText("prot", 0), "PROT_NONE");
  assert.is(errorText(-3000), "-1 (errno 3000)");
  assert.is(errorText(-4096), undefined);
  assert.is(durationText(1_234_567_890n), "<1.234568>");
});

/** Stands where events were lost. */
const LOSS = ["loss", {}] as const;

/** Events of one task as lines. */
function lines(events: readonly (readonly [string, Fields])[]): string[] {
  const calls: TracedCall[] = [];
  const tracer = new CallTracer(
    () => true,
    (call) => calls.push(call),
  );
  events.forEach(([event, fields], i) => {
    if (event === "loss") {
      tracer.interrupt(() => true);
      return;
    }
    const at = {
      ns: BigInt(i) * 1000n,
      event,
      host: "h",
      pid: 7,
      tid: 7,
      command: "x",
      container: "c",
    };
    tracer.take({ ...at, payload: () => fields }, true);
  });
  tracer.end(() => true);
  return calls.map(({ text }) => text.replace(/ <[\d.]+>$/, ""));
}

const entry = (name: string, fields: Fields): readonly [string, Fields] => [
  `syscall_entry_${name}`,
  fields,
];
const exit = (name: string, ret: number, more: Fields = {}): readonly [string, Fields] => [
  `syscall_exit_${name}`,
  { ret, ...more },
];

test("descriptors are followed: dump, open, dup, close, exec", () => {
  const read = [entry("read", { fd: 3, count: 1 }), exit("read", 0, { buf: 0 })];
  const shown = lines([
    [
      "lttng_statedump_file_descriptor",
      { file_table_address: 99, fd: 0, flags: 0, filename: "/dev/tty" },
    ],
    ["lttng_statedump_process_state", { pid: 7, tid: 7, file_table_address: 99 }],
    entry("read", { fd: 0, count: 1 }),
    exit("read", 0, { buf: 0 }),
    entry("openat", { dfd: -100, filename: "/a", flags: 524288, mode: 0 }),
    exit("openat", 3),
    entry("dup2", { oldfd: 3, newfd: 9 }),
    exit("dup2", 9),
    entry("execve", { filename: "/b", argv: 0, envp: 0 }),
    exit("execve", 0),
    ...read,
    entry("read", { fd: 9, count: 1 }),
    exit("read", 0, { buf: 0 }),
    entry("close", { fd: 9 }),
    exit("close", 0),
    entry("read", { fd: 9, count: 1 }),
    exit("read", -9, { buf: 0 }),
  ]);
  assert.equal(shown, [
    "read(0</dev/tty>, NULL, 1) = 0",
    'openat(AT_FDCWD, "/a", O_RDONLY|O_CLOEXEC) = 3</a>',
    "dup2(3</a>, 9) = 9</a>",
    'execve("/b", NULL, NULL) = 0',
    "read(3, NULL, 1) = 0",
    "read(9</a>, NULL, 1) = 0",
    "close(9</a>) = 0",
    "read(9, NULL, 1) = -1 EBADF (Bad file descriptor)",
  ]);
});

test("an entry without its exit is unfinished, an exit without its entry resumed, an exit for ever has no result", () => {
  assert.equal(
    lines([exit("read", 4), entry("exit_group", { error_code: 1 }), entry("poll", { nfds: 0 })]),
    ["<... read resumed>) = 4", "exit_group(1) = ?", "poll( <unfinished ...>"],
  );
});

test("nothing that was asked for is told, and not taken for a trace that was not read", () => {
  const { stdout, stderr, status } = run(["strace", trace.path, "--slower", "1h"]);
  assert.equal([stdout, status], ["", 0]);
  assert.match(stderr, /no system calls are what was asked for/);
});

test("no call spans a loss: an exit behind it is of a call whose entry may be another", () => {
  assert.equal(lines([entry("close", { fd: 3 }), LOSS, exit("close", 0)]), [
    "close(3 <unfinished ...>",
    "<... close resumed>) = 0",
  ]);
});

for (const [set, yes, no] of [
  ["trace=%file", ["openat", "execve", "newfstatat"], ["read", "futex"]],
  ["%desc", ["read", "close", "openat"], ["getpid"]],
  ["%network", ["socket", "connect"], ["open"]],
  ["!futex,read", ["open"], ["futex", "read"]],
  ["openat,%memory", ["openat", "mmap"], ["open"]],
  ["file", ["open", "utime"], ["write", "add_key"]],
  ["t=%net", ["socket"], ["open"]],
  ["%%stat", ["stat", "lstat64", "newfstatat", "statx"], ["statfs"]],
  ["/^open,?not_here", ["open", "openat", "openat2"], ["read", "reopen"]],
  ["none", [], ["read"]],
] as const) {
  test(`-e ${set}`, () => {
    const isOne = traceSet(set);
    assert.equal([yes.every(isOne), no.some(isOne)], [true, false]);
  });
}

test("unknown calls and classes are refused with the nearest", () => {
  assert.throws(
    () => traceSet("opneat"),
    /expected a system call, got opneat; did you mean openat/,
  );
  assert.throws(() => traceSet("%fil"), /did you mean %file/);
});

test("the summary is strace's table", () => {
  const summary = new CallSummary();
  const call = { name: "read", ns: 3_000_000n, isFailed: false } as TracedCall;
  summary.add(call);
  summary.add({ ...call, isFailed: true });
  summary.add({ ...call, name: "close", ns: 2_000_000n });
  assert.is(
    String(summary),
    `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 75.00    0.006000        3000         2         1 read
 25.00    0.002000        2000         1           close
------ ----------- ----------- --------- --------- ----------------
100.00    0.008000        2666         3         1 total
`,
  );
});

test("options narrow the calls", () => {
  const failed = run(["strace", trace.path, "--failed", "-e", "trace=%file"])
    .stdout.trim()
    .split("\n");
  assert.ok(failed.length > 10 && failed.every((line) => / = -1 E/.test(line)));
  const slow = run(["strace", trace.path, "--slower", "10ms", "--format", "json"])
    .stdout.trim()
    .split("\n");
  assert.ok(slow.every((line) => JSON.parse(line).dt >= 10e6));
  const one = run(["strace", trace.path, "--pid", "1119", "--limit", "3"])
    .stdout.trim()
    .split("\n");
  assert.is(one.length, 3);
  assert.ok(one.every((line) => line.startsWith("[pid  1119]")));
});

test.run();
