/** What users type by mistake: each is one line that says what to do. */

import { createServer } from "node:net";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { tracewire } from "../support/tracewire.ts";
import { Bytes, event, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("cli/slips");
const folders = new Folders();
test.after(() => folders.removeAll());

const root = folders.make({
  "trace/metadata": `${PREAMBLE}${STREAM}${event(0, "ev", "u8 _n;")}`,
  "trace/stream": packet(record(0, 1n, new Bytes().u8(1).take()), { end: 1n }),
  ...{ "a.tar.gz": "", "a.tgz": "", "a.zip": "", "a.xz": "", other: "" },
});
const trace = join(root, "trace");

const CASES: readonly (readonly [string, readonly string[], string])[] = [
  ["no scheme", ["tail", "localhost:5344/host/a/b"], "did you mean net://localhost:5344/host/a/b?"],
  ["another scheme", ["tail", "tcp://box/host/a/b"], "did you mean net://box/host/a/b?"],
  ["an archive", ["tail", join(root, "a.tar.gz")], "unpack it: tar -xf a.tar.gz -C DIRECTORY"],
  ["a short archive", ["info", join(root, "a.tgz")], "unpack it: tar -xf a.tgz -C DIRECTORY"],
  ["a zip", ["containers", join(root, "a.zip")], "unpack it: unzip a.zip -d DIRECTORY"],
  ["a packed file", ["tail", join(root, "a.xz")], "got a file; unpack it"],
  [
    "a file of a trace",
    ["tail", join(trace, "stream")],
    `the directory that it lies in is ${trace}`,
  ],
  ["no such path", ["tail", join(root, "none")], "got no such file or directory"],
  [
    "double quotes",
    ["tail", trace, "-w", ".pid_ns == 1"],
    "write the filter between single quotes",
  ],
  [
    "a name that nothing has",
    ["replay", trace, "--listen", "nowhere.invalid:99"],
    "listening on nowhere.invalid: expected a name or an address of this machine, got",
  ],
  [
    "a socket below a file",
    ["serve", trace, "--listen", `unix:${join(root, "other", "sock")}`],
    "other/sock: expected a path that a socket can be made at, got a file where",
  ],
  ["more of them", ["tail", trace, "-w", "n == 1 && .vpid == 1"], "between single quotes"],
];

for (const [what, args, expected] of CASES) {
  test(`${what}: says what to do`, () => {
    const { status, stderr } = run(args);
    assert.is(status, 1);
    assert.ok(stderr.includes(expected), stderr);
    const path = args[1]!;
    assert.ok(stderr.split(path).length <= 3, `the path once: ${stderr}`);
    assert.not.match(stderr, /\n {4}at /);
  });
}

for (const [written, meant] of [
  ["container", "$container.name"],
  ["container.name", "$container.name"],
  ["contaner", "$container.name"],
  ["container_type", "$container.type"],
  ["event", "$event.name"],
  ["event.name", "$event.name"],
  ["host", "$trace.hostname"],
] as const)
  test(`a filter with ${written} means ${meant}`, () => {
    const { status, stderr } = run(["tail", trace, "--where", `${written} == "x"`]);
    assert.is(status, 1);
    assert.ok(stderr.includes(`got ${written} (did you mean ${meant}?)`), stderr);
  });

for (const command of ["tail", "info", "ps", "replay"])
  test(`${command} of an empty text, as of a variable that is not set`, () => {
    const { status, stderr } = run([command, ""]);
    assert.is(status, 1);
    assert.is(stderr, "error: source: expected a trace directory, got an empty text\n");
  });

for (const args of [
  ["record", trace, "--to", ""],
  ["cut", trace, "--to", ""],
  ["convert", trace, "--to", "", "--format", "csv"],
  ["serve", trace, "--token-file", ""],
])
  test(`${args[0]} ${args[2]} with an empty text`, () => {
    const { status, stderr } = run(args);
    assert.is(status, 2);
    assert.match(stderr, "argument '' is invalid. expected a path.");
  });

for (const [what, args, expected] of [
  [
    "a filter that ends early",
    ["analyze", trace, "cputop", "--where", "n =="],
    "expected a value, got the end of the text, at line 1, column 5\nn ==\n    ^",
  ],
  [
    "a filter of an unknown name",
    ["analyze", trace, "cputop", "--where", "nn == 1"],
    "--where: expected a field or context",
  ],
  [
    "a query as a filter",
    ["analyze", trace, "cputop", "--where", "n == 1 |> count()"],
    "expected a filter without stages",
  ],
  [
    "a filter that ends early, in top",
    ["top", trace, "--once", "--where", "n =="],
    "expected a value, got the end of the text, at line 1, column 5",
  ],
  [
    "a filter of an unknown name, in top",
    ["top", trace, "--once", "--where", "nn == 1"],
    "--where: expected a field or context",
  ],
  ["two analyses", ["analyze", trace, "cputop", "memtop"], "got cputop and memtop"],
  ["the last so many events", ["analyze", trace, "cputop", "--last", "9"], "--last: expected a"],
  ["the last so many events", ["strace", trace, "--last", "9"], "--last: expected a duration"],
  ["the query first", ["query", "|> count()", trace], "expected the query behind the sources"],
  ["the query first", ["watch", "|> count()", trace], "expected the query behind the sources"],
  ["letters that are swapped", ["strace", trace, "-e", "%fiel"], "did you mean %file?"],
] as const)
  test(`${args[0]}, ${what}: is an error that says so`, () => {
    const { status, stderr } = run(args);
    assert.is(status, 1, stderr);
    assert.ok(stderr.includes(expected), stderr);
  });

for (const args of [
  ["analyze", trace, "cputop", "--every", "0s"],
  ["analyze", trace, "cputop", "--limit", "0"],
  ["analyze", trace, "cputop", "--format", "lamy"],
  ["top", trace, "--every", "0s"],
  ["watch", trace, "|> count()", "--after", "0"],
])
  test(`${args[0]} ${args.slice(-2).join(" ")} is refused`, () => {
    const { status, stderr } = run(args);
    assert.is(status, 2, stderr);
    assert.match(
      stderr,
      /is invalid\. expected (a duration of )?(more than 0|1 or more|one of lami)/,
    );
  });

const OPTIONS: readonly (readonly [string, string, string])[] = [
  ["tail", "--filter=ret<0", "(here it is --where)"],
  ["tail", "--columns", "(here it is --select)"],
  ["query", "--fields", "unknown option '--fields'"],
  ["serve", "--port", "(here it is --listen)"],
  ["top", "--interval", "(here it is --every)"],
  ["statedump", "--interval", "(here it is --period)"],
  ["tail", "--wher", "(Did you mean --where?)"],
];

for (const [command, option, expected] of OPTIONS) {
  test(`${command} ${option}: says what it is called`, () => {
    const { status, stderr } = run([command, trace, option, "1"]);
    assert.is(status, 2);
    assert.ok(stderr.includes(expected), stderr);
    assert.is(stderr.trim().split("\n").length, expected.startsWith("(") ? 2 : 1, stderr);
  });
}

for (const args of [
  ["serve", trace],
  ["replay", trace],
]) {
  test(`${args[0]}: a port in use is one line`, async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const child = tracewire(...args, "--listen", `127.0.0.1:${port}`);
    const { code } = await child.end();
    server.close();
    assert.is(code, 1);
    assert.is(
      stripVTControlCharacters(child.stderr),
      `error: listening on 127.0.0.1:${port}: expected a free port, got one that another program has; choose another by --listen :PORT\n`,
    );
  });
}

test.run();
