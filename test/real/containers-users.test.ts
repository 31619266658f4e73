/** A server that names containers by the runtimes of its machine, and a user who would like to rename root's. */

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildApplication } from "../support/application.ts";
import { Contained, DockerRuntime, FIRST_TICKS } from "../support/contained.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { needs } from "../support/needs.ts";
import { MAIN } from "../support/traces.ts";
import { makeUsers } from "../support/users.ts";

const test = suite("real/containers-users");
const RIGHTS = process.getuid?.() === 0 ? [] : ["permission-of-root"];
const PROGRAMS = ["dockerd", "docker", "containerd", "runc", "setpriv", "/bin/busybox", ...RIGHTS];
const run = needs(test, PROGRAMS) === test ? needsLttng(test) : test.skip;
const daemons = sharedLttng(test);

/** The init of a pid namespace. */
function initOf(pidNs: string): number {
  const isInit = (pid: string): boolean => {
    try {
      const inode = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0];
      return inode === pidNs && /^NStgid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  return Number(readdirSync("/proc").find((name) => /^\d+$/.test(name) && isInit(name)));
}

run("serve --containers auto does not believe a user of other people's processes", async () => {
  const lttng = await daemons();
  const folder = mkdtempSync(join(tmpdir(), "tracewire-users-"));
  chmodSync(folder, 0o755);
  for (const name of ["docker", "apps", "users"]) mkdirSync(join(folder, name));
  const usual = ["-H", "unix:///var/run/docker.sock"];
  const docker = await DockerRuntime.started(lttng, join(folder, "docker"), usual);
  try {
    await lttng.createSession("users", { contexts: ["pid_ns", "mnt_ns", "vpid", "vtid"] });
    const web = new Contained(join(folder, "apps"), "web", await buildApplication(folder));
    await docker.run(web);
    await web.begun(1);
    const webPid = Number(await docker.command("inspect", "-f", "{{.State.Pid}}", "web"));
    const unknown = await lttng.application("unknown", { isContained: true });
    const [mallory] = await makeUsers(lttng, join(folder, "users"), { mallory: 64_002 });
    await mallory!.claims([
      { Id: "s1", Name: "/stolen", Pid: webPid },
      { Id: "s2", Name: "/stolen-too", Pid: initOf(unknown.pidNamespace) },
    ]);
    const options = [
      "--containers",
      "auto",
      "--listen",
      "127.0.0.1:0",
      "--no-token",
      "--from",
      "beginning",
    ];
    const server = lttng.run(process.execPath, [MAIN, "serve", lttng.url("users"), ...options]);
    const ignored = (): number => server.stderr.split("ignored").length - 1;
    await server.until("refused the claim", () => ignored() > 0);
    await server.until("listened", () => server.lines.length > 0);
    const [url] = server.lines;
    const select = "container,payload.tag";
    const answer = await fetch(`${url}/v1/query?format=csv&events=*:tick&select=${select}`);
    const text = answer.text();
    await web.tick(20);
    await unknown.emit("tick", 20);
    await unknown.end();
    await lttng.end("users");
    const counts = new Map<string, number>();
    for (const row of (await text).trim().split(/\r?\n/).slice(1))
      counts.set(row, (counts.get(row) ?? 0) + 1);
    assert.equal([...counts].sort(), [
      [`pid_ns:${unknown.pidNamespace},unknown`, 20],
      ["web,web", FIRST_TICKS + 20],
    ]);
    server.process.kill("SIGINT");
    await server.end();
    web.close();
  } finally {
    await docker.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
