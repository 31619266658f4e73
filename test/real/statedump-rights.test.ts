/** What `tracewire statedump` needs: every capability that its help names, and no other. */

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child } from "../support/child.ts";
import { DockerRuntime } from "../support/contained.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { MAIN, PROJECT } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/statedump-rights");
const RIGHTS = process.getuid?.() === 0 ? [] : ["permission-of-root"];
const PROGRAMS = ["dockerd", "docker", "containerd", "runc", "setpriv", "make", "/bin/busybox"];
const run = needs(test, [...PROGRAMS, ...RIGHTS]) === test ? needsLttng(test) : test.skip;
const daemons = sharedLttng(test);

const UID = 64_003;

/** `statedump` as a user of its own with some capabilities. */
function statedump(lttng: Lttng, capabilities: string, ...args: string[]): Child {
  const ids = ["--reuid", String(UID), "--regid", String(UID), "--clear-groups"];
  const rights = ["--inh-caps", capabilities, "--ambient-caps", capabilities];
  const bounded = ["--bounding-set", capabilities, "--no-new-privs", "--"];
  const program = [process.execPath, MAIN, "statedump", ...args];
  return lttng.run("setpriv", [...ids, ...rights, ...bounded, ...program]);
}

run(
  "as a user with CAP_SYS_PTRACE and a group's socket, it records all, into root's sessions too",
  async () => {
    const lttng = await daemons();
    await new Child("make", ["-C", join(PROJECT, "statedump")]).output();
    const folder = mkdtempSync(join(tmpdir(), "tracewire-rights-"));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "docker"));
    const docker = await DockerRuntime.started(lttng, join(folder, "docker"));
    try {
      for (const [name, ...more] of [
        ["as-root"],
        ["as-other", "--user", "12345"],
        ["mighty", "--cap-add", "SYS_ADMIN"],
      ]) {
        const options = ["--network", "none", "--name", name!, ...more, "bb:1", "/bin/busybox"];
        await docker.command("run", "-d", ...options, "sleep", "600");
      }
      const only = ["--only-named", "--docker", docker.socket];

      const refused = statedump(lttng, "-all,+sys_ptrace", "--print", "--once", ...only);
      assert.is(await refused.output(), "");
      assert.match(refused.stderr, /docker at .*: GET \/containers\/json: not allowed \(EACCES\)/);

      // As group docker has it.
      chownSync(docker.socket, 0, UID);
      const blind = statedump(lttng, "-all", "--print", "--once", ...only);
      assert.is(await blind.output(), "");
      assert.match(
        blind.stderr,
        /cannot read the namespaces of their processes \(EACCES\): needs root or CAP_SYS_PTRACE/,
      );

      const asRoot = lttng.run(process.execPath, [MAIN, "statedump", "--print", "--once", ...only]);
      const expected = withoutClocks(await asRoot.output());
      assert.is(expected.length, 3);
      const print = statedump(lttng, "-all,+sys_ptrace", "--print", "--once", ...only);
      assert.equal(withoutClocks(await print.output()), expected);
      assert.is(print.stderr, "");

      await lttng.createSession("rights", {
        events: ["ust_container_statedump:*"],
        liveTimerUs: 0,
      });
      await statedump(lttng, "-all,+sys_ptrace", "--once", ...only).output();
      await lttng.end("rights");
      const stored = ["tail", lttng.stored("rights"), "--format", "ndjson", "--select", "payload"];
      const names = [
        ...(await tracewire(...stored).output()).matchAll(/"container_name":"(.*?)"/g),
      ];
      assert.equal(names.map(([, name]) => name).sort(), ["as-other", "as-root", "mighty"]);
    } finally {
      await docker.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

/** A start in ns is computed from clocks that differ a little each time. */
function withoutClocks(lines: string): string[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => line.replace(/"start_ns":"\d+"/, ""))
    .sort();
}

test.run();
