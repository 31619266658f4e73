/** Users' sockets: a user's runtime names that user's processes, and nothing that it says touches anyone else's. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Child, stopChildren } from "../support/child.ts";
import { makeRoot } from "../support/contained.ts";
import { Machine } from "../support/machine.ts";
import { mayUnshare } from "../support/namespace.ts";
import { needs } from "../support/needs.ts";
import { firstChildOf, makeUsers, RootlessPodman } from "../support/users.ts";

const test = suite("real/statedump-users");
const RIGHTS = process.getuid?.() === 0 && mayUnshare() ? [] : ["permission-of-root"];
const BASE = needs(test, ["setpriv", "nsenter", "/bin/busybox", ...RIGHTS]);
const run = BASE === test ? needs(test, ["dockerd", "docker", "containerd", "runc"]) : BASE;
const runLxc = BASE === test ? needs(test, ["lxc-start", "lxc-info", "/usr/bin/python3"]) : BASE;
const runRootless = run === test ? needs(test, ["podman", "conmon", "newuidmap"]) : run;
test.after.each(stopChildren);

const UIDS = { alice: 64_001, mallory: 64_002 };

/** `name type pid` of each record. */
async function recordsOf(dump: Child): Promise<string[]> {
  const lines = (await dump.output()).trim().split("\n").filter(Boolean);
  return lines
    .map((line) => JSON.parse(line))
    .map((one) => `${one.container_name} ${one.container_type} ${one.init_pid}`)
    .sort();
}

/** The first process of namespaces of its own, which no runtime knows. */
async function unknownContainer(machine: Machine): Promise<number> {
  const kinds = ["--pid", "--mount", "--fork", "--kill-child"];
  const child = machine.run("setpriv", [
    "--pdeathsig",
    "KILL",
    "--",
    "unshare",
    ...kinds,
    "sh",
    "-c",
    "echo; exec sleep 600",
  ]);
  await child.until("started", () => child.lines.length > 0);
  return firstChildOf(child);
}

run("a user's socket names processes of that user alone, after all others", async () => {
  const machine = await Machine.open();
  try {
    const [alice, mallory] = await makeUsers(machine, machine.subfolder("users"), UIDS);
    const docker = await machine.docker(true);
    const pidOf = async (name: string, ...options: string[]): Promise<number> => {
      const all = ["--network", "none", "--name", name, ...options, "bb:1", "/bin/busybox"];
      await docker.command("run", "-d", ...all, "sleep", "600");
      return Number(await docker.command("inspect", "-f", "{{.State.Pid}}", name));
    };
    const web = await pidOf("web");
    const asMallory = await pidOf("as-mallory", "--user", String(UIDS.mallory));
    const ids = (await docker.command("ps", "-q", "--no-trunc")).trim().split("\n");
    const others = [process.pid, 1, await unknownContainer(machine), await alice!.namespaced()];
    const own = await mallory!.namespaced();
    const sameName = await mallory!.namespaced();
    const hostName = await mallory!.namespaced();
    const escapes = await mallory!.namespaced();
    const plain = mallory!.run("sleep", "600");
    // The user's own process, and no namespaces of the user's: a record would name the host's.
    const shared = [await mallory!.mapped(), await mallory!.mapped("--mount")];
    await mallory!.claims([
      ...[web, asMallory, ...others, plain.process.pid!, ...shared].map((Pid, i) => ({
        Id: `stolen${i}`,
        Name: `/stolen${i}`,
        Pid,
      })),
      ...ids.map((Id) => ({ Id, Name: "/stolen", Pid: web })),
      { Id: "own", Name: "/own", Pid: own },
      { Id: "web", Name: "/web", Pid: sameName },
      { Id: "host", Name: "/[HOST]", Pid: hostName },
      { Id: "esc", Name: "/\u001b[31m\u202e", Pid: escapes },
      { Id: "\u001b[2J", Name: "/x", Pid: 0 },
    ]);
    const dump = machine.statedump("--print", "--once");
    assert.equal(
      await recordsOf(dump),
      [
        `web docker ${web}`,
        `as-mallory docker ${asMallory}`,
        `own podman ${own}`,
        `podman/web podman ${sameName}`,
        `podman/[HOST] podman ${hostName}`,
        `\u001b[31m\u202e podman ${escapes}`,
      ].sort(),
    );
    const refused = dump.stderr.split("\n").filter((line) => line.includes("ignored"));
    assert.ok(refused.length > 0 && refused.length <= 4, dump.stderr);
    assert.match(
      refused[0] ?? "",
      /reports process \d+ as a container, which user 64002 does not own/,
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: which must not be there
    const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
    assert.not.match(dump.stdout, control);
    assert.not.match(dump.stderr, control);
  } finally {
    await machine.close();
  }
});

run("whatever a user puts in the place of a socket, it is that user's", async () => {
  const machine = await Machine.open();
  try {
    const [alice, mallory] = await makeUsers(machine, machine.subfolder("users"), UIDS);
    const docker = await machine.docker(true);
    const options = ["--network", "none", "--name", "web", "bb:1", "/bin/busybox"];
    await docker.command("run", "-d", ...options, "sleep", "600");
    const pid = Number(await docker.command("inspect", "-f", "{{.State.Pid}}", "web"));
    const unknown = await unknownContainer(machine);
    const stolen = [{ Id: "stolen", Name: "/stolen", Pid: unknown }];
    // Root's own socket, by a link of the user's; and a socket in a folder that everyone may write.
    await mallory!.run("ln", "-s", "/var/run/docker.sock", mallory!.socket).output();
    await machine.run("install", ["-d", "-m", "777", "/run/open"]).output();
    await alice!.claims(stolen, "/run/open/s.sock");
    await alice!.claims(stolen, `${alice!.folder}/s.sock`);
    const named = ["--podman", "/run/open/s.sock", "--podman", `${alice!.folder}/s.sock`];
    const dump = machine.statedump("--print", "--once", ...named);
    assert.equal(await recordsOf(dump), [`web docker ${pid}`]);
    assert.match(
      dump.stderr,
      /podman at \/run\/open\/s.sock: everyone may replace entries of \/run\/open/,
    );
    assert.match(
      dump.stderr,
      new RegExp(`reports process ${unknown} as a container, which user 64001 does not own`),
    );
    const usual = machine.statedump("--print", "--once");
    assert.equal(await recordsOf(usual), [`web docker ${pid}`]);
  } finally {
    await machine.close();
  }
});

runRootless("a user's real containers are found as soon as the user comes", async () => {
  const machine = await Machine.open();
  try {
    const dump = machine.statedump("--print", "--period", "200ms");
    const [alice] = await makeUsers(machine, machine.subfolder("users"), { alice: UIDS.alice });
    const podman = await RootlessPodman.started(machine, alice!);
    try {
      const root = await podman.run("as-root");
      const other = await podman.run("as-other", "--user", "33");
      const has = (name: string, pid: number): boolean =>
        dump.lines.some(
          (line) => line.includes(`"${name}"`) && line.includes(`"init_pid":${pid},`),
        );
      await dump.until("recorded both", () => has("as-root", root) && has("as-other", other));
      dump.process.kill("SIGINT");
      await dump.end();
      assert.is(dump.stderr, "");
    } finally {
      await podman.close();
    }
  } finally {
    await machine.close();
  }
});

/** Listens as LXC's monitors do, and answers every command with a process, or never. A name may hold anything. */
const MONITORS = `
import socket, struct, sys, threading
def serve(name, pid):
    server = socket.socket(socket.AF_UNIX)
    server.bind(b"\\0" + name.encode())
    server.listen(20)
    while True: threading.Thread(target=answer, args=(server.accept()[0], pid), daemon=True).start()
def answer(peer, pid):
    while peer.recv(4096):
        if pid: peer.sendall(struct.pack("<iiQ", 0, 0, pid))
for name, pid in zip(sys.argv[1::2], sys.argv[2::2]):
    threading.Thread(target=serve, args=(name, int(pid))).start()
print("listening", flush=True)
`;

runLxc(
  "an abstract socket that answers like LXC's monitor names nothing and delays nothing",
  async () => {
    const machine = await Machine.open();
    try {
      const [mallory] = await makeUsers(machine, machine.subfolder("users"), { mallory: 64_002 });
      const directory = machine.subfolder("lxc");
      const real = await lxcContainer(machine, directory, "real");
      const unknown = await unknownContainer(machine);
      const forged = `x\n0000000000000000: 00000002 00000000 00010000 0001 01 1 @${directory}/forged/command`;
      const claims = [
        ...[
          `${directory}/stolen/command`,
          `${unknown}`,
          `${directory}/real-too/command`,
          `${real}`,
        ],
        ...[`${directory}/hangs/command`, "0", forged, `${unknown}`],
      ];
      const monitors = mallory!.run("/usr/bin/python3", "-c", MONITORS, ...claims);
      await monitors.until("listened", () => monitors.lines.length > 0);
      const dump = machine.statedump(
        "--print",
        "--period",
        "200ms",
        "--only-named",
        "--lxc",
        directory,
      );
      const late = await lxcContainer(machine, directory, "late");
      await dump.until("recorded the later one", () => dump.stdout.includes('"late"'));
      await dump.until("refused the claims", () =>
        dump.stderr.includes("lxc-info -n real-too: expected"),
      );
      dump.process.kill("SIGINT");
      const records = new Set(await recordsOf(dump));
      assert.equal([...records].sort(), [`late lxc ${late}`, `real lxc ${real}`]);
      assert.match(
        dump.stderr,
        new RegExp(
          `lxc-info -n stolen: expected a child of the container's monitor, got process ${unknown}`,
        ),
      );
      for (const name of ["real", "late"])
        await machine.run("lxc-stop", ["-P", directory, "-n", name, "--kill"]).output();
    } finally {
      await machine.close();
    }
  },
);

/** Starts a container; gives the id of its first process. */
async function lxcContainer(machine: Machine, directory: string, name: string): Promise<number> {
  const root = makeRoot(join(directory, name, "root"));
  const lines = [
    `lxc.rootfs.path = dir:${root}`,
    "lxc.net.0.type = none",
    `lxc.uts.name = ${name}`,
  ];
  writeFileSync(join(directory, name, "config"), `${lines.join("\n")}\n`);
  const place = ["-P", directory, "-n", name];
  const command = ["--", "/bin/busybox", "sleep", "600"];
  await machine
    .run("lxc-start", [...place, "-d", "-f", join(directory, name, "config"), ...command])
    .output();
  return Number(await machine.run("lxc-info", [...place, "-p", "-H"]).output());
}

test.run();
