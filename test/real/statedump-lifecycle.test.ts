/**
 * Real Docker and Podman: containers come and go in every way beside one that stays, and each of them is recorded whole, by one
 * name, from its start to its end.
 */

import { readlinkSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Child, eventually, stopChildren } from "../support/child.ts";
import type { DockerRuntime, PodmanRuntime } from "../support/contained.ts";
import { Machine } from "../support/machine.ts";
import { mayUnshare } from "../support/namespace.ts";
import { needs } from "../support/needs.ts";

/** How often everything is done: a few times in continuous integration, 30 for a long run. */
const ROUNDS = Number(process.env["TRACEWIRE_CONTAINER_ROUNDS"] ?? 2);

const test = suite("real/statedump-lifecycle");
const RIGHTS = process.getuid?.() === 0 && mayUnshare() ? [] : ["permission-of-root"];
const PROGRAMS = ["dockerd", "docker", "containerd", "ctr", "podman", "runc", "conmon", "setpriv"];
const run = needs(test, [...PROGRAMS, "/bin/busybox", "nsenter", ...RIGHTS]);

test.after.each(stopChildren);

/** A line of `statedump --print`. */
interface PrintedRecord {
  readonly container_name: string;
  readonly pid_ns: number;
  readonly mnt_ns: number;
  readonly init_pid: number;
  readonly init_vpid: number;
  readonly start_ns: string;
  readonly end_ns: string;
}

function recordsOf(dump: Child): PrintedRecord[] {
  return dump.lines.map((line) => JSON.parse(line));
}

/** One of two runtimes, with a container that stays. */
class Place {
  readonly name: string;
  readonly #runtime: DockerRuntime | PodmanRuntime;
  readonly #dump: Child;
  readonly #options: readonly string[];
  readonly #image: readonly string[];
  /** Processes that are to be recorded, by container. */
  readonly starts = new Map<string, number>();

  constructor(runtime: DockerRuntime | PodmanRuntime, dump: Child) {
    this.name = runtime.type;
    this.#runtime = runtime;
    this.#dump = dump;
    const limits = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=512:512"];
    this.#options =
      runtime.type === "docker" ? ["--network", "none"] : ["--network=none", ...limits];
    this.#image = "root" in runtime ? ["--rootfs", runtime.root] : ["bb:1"];
  }

  get neighbour(): string {
    return `${this.name}-neighbour`;
  }

  /** @param options of the runtime's, and `run`'s */
  async run(name: string, options: readonly string[], ...command: string[]): Promise<void> {
    this.starts.set(name, 1);
    const all = [...options, ...this.#options, "--name", name, ...this.#image];
    await this.#runtime.command("run", ...all, "/bin/busybox", ...command);
  }

  command(...args: string[]): Promise<string> {
    return this.#runtime.command(...args);
  }

  async remove(name: string): Promise<void> {
    const atOnce = this.name === "podman" ? ["--time", "0"] : [];
    await this.command("rm", "--force", ...atOnce, name);
  }

  recorded(name: string, count: number = 1): Promise<true> {
    return eventually(`${name} is recorded`, () => {
      const records = recordsOf(this.#dump).filter((one) => one.container_name === name);
      return (
        new Set(records.map((one) => `${one.init_pid} ${one.mnt_ns}`)).size >= count || undefined
      );
    });
  }

  /** A container that ends at once: whether its process is read in time is up to the machine's load. */
  async blink(name: string): Promise<void> {
    await this.run(name, ["--rm"], "true");
    this.starts.delete(name);
  }

  /** Until announcements are followed, only containers that run for a while are recorded, and others by chance. */
  async ready(): Promise<void> {
    for (let number = 0, recorded = 0; recorded < 3 && number < 30; number++) {
      const name = `${this.name}-blink-before-${number}`;
      await this.blink(name);
      const isRecorded = recordsOf(this.#dump).some((one) => one.container_name === name);
      recorded = isRecorded ? recorded + 1 : 0;
    }
  }

  /** Waits until the end of each container but the one that stays is recorded. */
  async ended(): Promise<void> {
    for (const [name, count] of this.starts)
      if (name !== this.neighbour)
        await eventually(`${count} ends of ${name} are recorded`, () => {
          const all = recordsOf(this.#dump).filter((one) => one.container_name === name);
          return all.filter((one) => one.end_ns !== "0").length >= count || undefined;
        });
  }

  /** Everything that happens to containers, once. */
  async round(number: number): Promise<void> {
    const name = (what: string): string => `${this.name}-${what}-${number}`;
    await this.run(name("short"), ["--rm"], "usleep", "200000");
    await this.blink(name("blink"));

    await this.run(name("sidecar"), ["-d", `--pid=container:${this.neighbour}`], "sleep", "60");
    await this.recorded(name("sidecar"));
    await this.remove(name("sidecar"));

    await this.run(name("host"), ["-d", "--rm", "--pid=host"], "sleep", "60");
    await this.command("exec", this.neighbour, "/bin/busybox", "true");
    await this.recorded(name("host"));
    await this.command("kill", name("host"));

    await this.run(name("again"), ["-d"], "sleep", "60");
    await this.recorded(name("again"));
    await this.command("restart", "--time", "0", name("again"));
    this.starts.set(name("again"), 2);
    await this.recorded(name("again"), 2);
    await this.remove(name("again"));

    const unshares = "sleep 0.2; exec /bin/busybox unshare -m /bin/busybox sleep 60";
    const rights = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"];
    const apparmor = ["--security-opt", "apparmor=unconfined"];
    await this.run(name("unshares"), ["-d", ...rights, ...apparmor], "sh", "-c", unshares);
    await this.recorded(name("unshares"), 2);
    await this.remove(name("unshares"));
  }
}

run(
  `records each container whole, by one name, in ${ROUNDS} rounds beside one that stays`,
  async () => {
    const machine = await Machine.open();
    try {
      const docker = await machine.docker();
      const podman = await machine.podman();
      const sockets = ["--docker", docker.socket, "--podman", podman.socket];
      const containerd = ["--containerd", docker.containerdSocket];
      const options = ["--print", "--period", "500ms", "--only-named", ...sockets, ...containerd];
      const dump = machine.statedump(...options);
      const places = [new Place(docker, dump), new Place(podman, dump)];
      await Promise.all(
        places.map(async (place) => {
          await place.run(place.neighbour, ["-d"], "sleep", "3600");
          await place.recorded(place.neighbour);
          await place.ready();
          for (let number = 0; number < ROUNDS; number++) await place.round(number);
        }),
      );
      for (const place of places) await place.ended();
      dump.process.kill("SIGINT");
      await dump.end();
      assert.is(dump.stderr, "");
      checkRecords(places, recordsOf(dump));
      // Else the daemons wait for these to obey.
      for (const place of places) await place.remove(place.neighbour);
    } finally {
      await machine.close();
    }
  },
);

function checkRecords(places: readonly Place[], all: readonly PrintedRecord[]): void {
  assert.equal(all.filter(lacksIdentity), [], "records with zeros");
  const neighbours = places.map(({ neighbour }) => neighbour);
  const processes = byProcess(all);
  for (const [process, records] of processes) checkProcess(process, records, neighbours);
  for (const place of places) checkNamespaces(place, processes, ROUNDS);

  const names = [...processes.values()].map(([first]) => first?.container_name ?? "");
  for (const [name, count] of places.flatMap(({ starts }) => [...starts]))
    assert.is(names.filter((one) => one === name).length, count, name);
  const blinks = names.filter((name) => /-blink-\d+$/.test(name)).length;
  assert.ok(blinks > 0, "none of those that ended at once");
  console.log(
    `${ROUNDS} rounds: ${all.length} records of ${processes.size} processes; ${blinks} of ${2 * ROUNDS} that ended at once`,
  );
}

function lacksIdentity(record: PrintedRecord): boolean {
  const { pid_ns, mnt_ns, init_pid, init_vpid, start_ns } = record;
  return [pid_ns, mnt_ns, init_pid, init_vpid, Number(start_ns)].some((one) => !(one > 0));
}

/** Records in their order, by the process that they are about. */
function byProcess(records: readonly PrintedRecord[]): ReadonlyMap<string, PrintedRecord[]> {
  const processes = new Map<string, PrintedRecord[]>();
  for (const record of records) {
    const key = `${record.init_pid} ${record.start_ns}`;
    processes.set(key, [...(processes.get(key) ?? []), record]);
  }
  return processes;
}

/** One name, one pid namespace, and one end, which comes last. */
function checkProcess(process: string, all: readonly PrintedRecord[], neighbours: string[]): void {
  const names = new Set(all.map((one) => one.container_name));
  assert.is(names.size, 1, `process ${process} is called ${[...names].join(", ")}`);
  const [name = ""] = names;
  assert.is(new Set(all.map(({ pid_ns, init_vpid }) => `${pid_ns} ${init_vpid}`)).size, 1, name);
  const ends = all.flatMap((one, i) => (one.end_ns === "0" ? [] : i));
  assert.equal(ends, neighbours.includes(name) ? [] : [all.length - 1], `ends of ${name}`);
  const mounts = new Set(all.map(({ mnt_ns }) => mnt_ns)).size;
  assert.is(mounts, name.includes("-unshares-") ? 2 : 1, `mount namespaces of ${name}`);
}

/** Whoever shares the neighbour's pid namespace, or the host's, is not its init. */
function checkNamespaces(
  { name, neighbour }: Place,
  processes: ReadonlyMap<string, readonly PrintedRecord[]>,
  rounds: number,
): void {
  const firsts = [...processes.values()].map(([first]) => first!);
  const of = (wanted: string): PrintedRecord =>
    firsts.find((one) => one.container_name === wanted)!;
  const home = of(neighbour);
  assert.is(home.init_vpid, 1);
  const hostPidNs = Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]);
  for (let round = 0; round < rounds; round++) {
    const sidecar = of(`${name}-sidecar-${round}`);
    assert.is(sidecar.pid_ns, home.pid_ns);
    assert.ok(sidecar.init_vpid > 1);
    assert.is.not(sidecar.mnt_ns, home.mnt_ns);
    const host = of(`${name}-host-${round}`);
    assert.is(host.pid_ns, hostPidNs);
    assert.is(host.init_vpid, host.init_pid);
  }
}

test.run();
