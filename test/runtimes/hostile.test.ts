/** Sockets and commands that lie, stall, flood or are absent: one clear line each. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { lineSplitter } from "../../src/runtimes/answer.ts";
import { Cri } from "../../src/runtimes/cri.ts";
import { Docker } from "../../src/runtimes/docker.ts";
import { Lxd } from "../../src/runtimes/lxd.ts";
import { Machines } from "../../src/runtimes/nspawn.ts";
import { withPidFiles } from "../../src/runtimes/pid-files.ts";
import { PodmanCommand } from "../../src/runtimes/podman.ts";
import type { Runtime } from "../../src/runtimes/runtime.ts";
import { containersOf, FakeMachine, listingOf } from "../support/fake-runtime.ts";

const test = suite("runtimes/hostile");
let machine: FakeMachine;
test.before.each(() => {
  machine = new FakeMachine();
});
test.after.each(() => machine.close());

/** How a runtime's list fails. */
async function failureOf(runtime: Runtime): Promise<SourceError> {
  try {
    await listingOf(runtime);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error("expected a failure, got a list");
}

const OK = "HTTP/1.1 200 OK\r\n";

const SPEECHES: readonly [what: string, code: string, speech: string, message: RegExp][] = [
  [
    "no HTTP",
    "RUNTIME_MALFORMED",
    "220 mail ready\r\n",
    /expected an HTTP answer, got Parse Error/,
  ],
  ["no JSON", "RUNTIME_MALFORMED", `${OK}Content-Length: 5\r\n\r\nhello`, /expected JSON/],
  [
    "another shape",
    "RUNTIME_MALFORMED",
    `${OK}Content-Length: 2\r\n\r\n{}`,
    /expected a list, got/,
  ],
  ["null", "RUNTIME_MALFORMED", `${OK}Content-Length: 4\r\n\r\nnull`, /expected a list, got/],
  [
    "half an answer",
    "RUNTIME_MALFORMED",
    `${OK}Content-Length: 50\r\n\r\n[`,
    /expected an HTTP answer/,
  ],
  [
    "a refusal",
    "RUNTIME_REFUSED",
    "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno!",
    /got 403: no!/,
  ],
  [
    "more than it may",
    "RUNTIME_HUGE",
    `${OK}Content-Length: 99999999999\r\n\r\n[`,
    /at most 33554432/,
  ],
];

for (const [what, code, speech, message] of SPEECHES) {
  test(`a socket that answers ${what}`, async () => {
    const socket = await machine.raw("s", (peer) => {
      peer.once("data", () => peer.end(speech));
    });
    for (const runtime of [new Docker("docker", socket), new Lxd("lxd", socket)]) {
      const error = await failureOf(runtime);
      assert.is(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`${socket}: GET /`));
      assert.is(error.message.split("\n").length, 1);
    }
  });
}

test("a socket that never ends its answer is left at the cap", async () => {
  const block = Buffer.alloc(1 << 20, "[");
  let sent = 0;
  const flood = (peer: Socket): void => {
    while (peer.writable && peer.write(block)) sent++;
    peer.once("drain", () => flood(peer));
  };
  const socket = await machine.raw("s", (peer) => {
    peer.once("data", () => {
      peer.write(`${OK}\r\n`);
      flood(peer);
    });
  });
  const error = await failureOf(new Docker("docker", socket));
  assert.is(error.code, "RUNTIME_HUGE");
  assert.ok(sent < 64, `${sent} MiB`);
});

test("a socket and a command that never answer", async () => {
  const socket = await machine.raw("s", () => undefined);
  machine.command("machinectl", "exec sleep 60");
  const errors = await Promise.all(
    [new Docker("docker", socket), new Lxd("lxd", socket), new Machines()].map(failureOf),
  );
  assert.equal(
    errors.map(({ code }) => code),
    ["RUNTIME_SLOW", "RUNTIME_SLOW", "RUNTIME_SLOW"],
  );
});

test("what is not there, is no socket, or is no program", async () => {
  const absent = join(machine.folder, "nothing");
  const file = join(machine.folder, "file");
  writeFileSync(file, "");
  for (const path of [absent, file]) {
    assert.is((await failureOf(new Docker("docker", path))).code, "RUNTIME_ABSENT");
    const refuse = (): void => assert.unreachable();
    await new Docker("docker", path).watch(refuse, new AbortController().signal, true);
    await new Lxd("lxd", path).watch(refuse, new AbortController().signal);
  }
  const error = await failureOf(new Cri(absent));
  assert.is(error.code, "RUNTIME_ABSENT");
  assert.match(error.message, /crictl .*: there is no such program/);
});

test("commands that fail, flood or print nonsense", async () => {
  machine.command("machinectl", "echo 'machinectl: no permission' >&2; echo more >&2; exit 3");
  const refused = await failureOf(new Machines());
  assert.is(refused.code, "RUNTIME_REFUSED");
  assert.match(refused.message, /machinectl list .*: failed: machinectl: no permission$/);
  machine.command("machinectl", "exec yes '[12345]'");
  assert.is((await failureOf(new Machines())).code, "RUNTIME_HUGE");
  machine.command("machinectl", "echo '{'");
  assert.is((await failureOf(new Machines())).code, "RUNTIME_MALFORMED");
  machine.command("machinectl", "printf '\\033[31mred\\r\\342\\200\\256\\n' >&2; exit 1");
  assert.match((await failureOf(new Machines())).message, /: failed: \\x1b\[31mred\\r\\u\{202e\}$/);
  machine.command(
    "podman",
    `echo '[{"Id":"a","Pid":-1},{"Id":"b","Pid":"x"},{"Id":"c","Pid":99999999999999},7,null,{"Id":"d","Pid":4711,"Names":[]}]'`,
  );
  const found = await containersOf(new PodmanCommand(() => false));
  assert.equal(
    found.map(({ name, initPid }) => [name, initPid]),
    [["d", 4711]],
  );
});

test("answers are read up to the limits of their socket, in bytes and in containers", async () => {
  const socket = await machine.http("s", (request, response) => {
    if (request.url !== "/containers/json") response.writeHead(404).end();
    else response.end(JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ Id: `id${i}` }))));
  });
  const docker = new Docker("podman", socket);
  const { problems } = await listingOf(docker, [], { bytes: 100_000, containers: 5 });
  assert.equal(problems, [
    `${socket}: GET /containers/json: expected at most 5 containers, got more: the rest is ignored`,
  ]);
  const huge = await listingOf(docker, [], { bytes: 1000, containers: 5 }).catch(
    (error: unknown) => error,
  );
  assert.is(huge instanceof SourceError && huge.code, "RUNTIME_HUGE");
});

test("a pid file that is a FIFO or a folder holds up no other", async () => {
  const root = mkdtempSync(join(tmpdir(), "tracewire-pid-files-"));
  const seen: unknown[] = [];
  let end = (): void => {};
  const events = new Promise<void>((resolve) => {
    end = resolve;
  });
  const place = { folder: root, file: "pidfile" };
  const following = withPidFiles(events, [place], (change) => {
    seen.push(change);
    end();
  });
  // When the folder is watched cannot be seen: containers come until one is.
  let made = 0;
  const making = setInterval(() => {
    made++;
    for (const kind of ["fifo", "folder", "good"]) mkdirSync(join(root, `${kind}${made}`));
    execFileSync("mkfifo", [join(root, `fifo${made}/pidfile`)]);
    mkdirSync(join(root, `folder${made}/pidfile`));
    writeFileSync(join(root, `good${made}/pidfile`), "77\n");
  }, 50);
  await following;
  clearInterval(making);
  assert.match((seen[0] as { id: string }).id, /^good/);
  assert.is((seen[0] as { initPid: number }).initPid, 77);
  rmSync(root, { recursive: true });
});

test("announcements are split into lines however they arrive; one without end is skipped", () => {
  const text = `{"a":1}\n\n${"x".repeat(3 << 20)}\n{"b":2}\nrest`;
  for (const size of [1, 7, 4096, 1 << 20, text.length]) {
    const lines: string[] = [];
    const take = lineSplitter((line) => lines.push(line));
    for (let at = 0; at < text.length; at += size) take(text.slice(at, at + size));
    assert.equal(lines, ['{"a":1}', '{"b":2}']);
  }
});

test.run();
