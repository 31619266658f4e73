import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("cli/explain");
const trace = await recordedTrace("small");

test.after(() => trace.remove());

function explain(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return run(["explain", trace.path, ...args]);
}

test("shows tree, bytecode and what becomes of it for each event class", () => {
  const { status, stdout, stderr } = explain('filename == "/etc/*" && $ctx.vpid != 1');
  assert.equal([status, stderr], [0, ""]);
  const titles = stdout.split("\n").filter((line) => /^\S/.test(line));
  assert.equal(titles, [
    "Filter",
    "Syntax tree",
    "Bytecode",
    "Linked for 60 event classes: compat_syscall_exit_openat, syscall_exit_openat, compat_syscall_exit_close, compat_syscall_entry_close, syscall_exit_close, syscall_entry_close …",
    "Linked for 2 event classes: compat_syscall_entry_openat, syscall_entry_openat",
    "Linked for 3 event classes: compat_syscall_entry_execve, syscall_entry_execve, sched_process_exec",
    "Linked for 1 event class: lttng_statedump_file_descriptor",
    "Coverage",
    "Selectivity",
    "LTTng",
  ]);
  assert.match(stdout, '  never: no field "filename"\n');
  assert.match(stdout, /LOAD_FIELD_TEXT[\s\S]*EQ_STRING[\s\S]*RETURN/);
  assert.ok(stdout.endsWith("LTTng\n  accepts it: lttng enable-event --filter\n"));
});

test("keeps to the event classes asked for", () => {
  const { stdout } = explain("ret < 0", "--event", "syscall_exit_*", "--event", "sched_switch");
  const titles = stdout.split("\n").filter((line) => line.startsWith("Linked"));
  const names = titles.flatMap((title) => title.replaceAll(/^.*: | …$/g, "").split(", "));
  assert.ok(titles.includes("Linked for 1 event class: sched_switch"));
  assert.equal(
    names.filter((name) => !/^(syscall_exit_\w+|sched_switch)$/.test(name)),
    [],
  );
});

test("numbers the steps of a query, its table first", () => {
  const { status, stdout } = explain("|> syscalls |> count() by name");
  assert.is(status, 0);
  assert.match(stdout, "Then\n  1. table syscalls\n  2. aggregate count() by name\n");
});

test("says when a filter is ours alone, and why", () => {
  const { status, stdout } = explain("ret in (1, 2)");
  assert.is(status, 0);
  assert.not.match(stdout, "accepts it");
});

test("warns of names that no event class has, and explains all the same", () => {
  const { status, stdout, stderr } = explain('filname == "x"');
  assert.is(status, 0);
  assert.is(stderr, "warning: no event class has filname; did you mean filename?\n");
  assert.match(stdout, "never");
});

test("shows where an expression goes wrong", () => {
  const { status, stdout, stderr } = explain("ret <");
  assert.equal([status, stdout], [1, ""]);
  assert.is(
    stderr,
    "error: filter expression: expected a value, got the end of the text, at line 1, column 6\nret <\n     ^\n",
  );
});

test("needs a source that is there", () => {
  const { status, stderr } = run(["explain", "/nowhere", "ret < 0"]);
  assert.is(status, 1);
  assert.match(stderr, /^error: \/nowhere: expected a trace directory/);
});

test.run();
