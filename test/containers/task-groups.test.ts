/** Control groups of tasks, by time: the kernel's cgroup events beside container records. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TaskGroups } from "../../src/containers/task-groups.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { replay } from "../../src/index.ts";
import { answers } from "../support/answers.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("containers/task-groups");

test("a process moves with its threads, a thread alone by its own id", () => {
  const groups = new TaskGroups();
  groups.onThread(10, 10);
  groups.onFork(1n, 10, 11, 10);
  assert.ok(groups.isEmpty);
  groups.onAttach(5n, 10, 0, "7", "/web");
  assert.equal([groups.pathAt(4n, 11), groups.pathAt(5n, 11)], [undefined, "/web"]);
  groups.onAttach(6n, 11, 0, "8", "/web/io");
  assert.equal([groups.pathAt(6n, 10), groups.pathAt(6n, 11)], ["/web", "/web/io"]);
  groups.onAttach(9n, 10, 0, "9", "/idle");
  assert.equal([groups.pathAt(8n, 11), groups.pathAt(9n, 11)], ["/web/io", "/idle"]);
});

test("a child is in its parent's group of the time, and another task with an id in none", () => {
  const groups = new TaskGroups();
  groups.onAttach(1n, 10, 0, "7", "/a");
  groups.onFork(2n, 10, 20, 20);
  groups.onAttach(3n, 10, 0, "8", "/b");
  groups.onFork(4n, 10, 30, 30);
  assert.equal(
    [20, 30].map((tid) => groups.pathAt(5n, tid)),
    ["/a", "/b"],
  );
  groups.onFork(6n, 99, 20, 20);
  assert.equal([groups.pathAt(5n, 20), groups.pathAt(6n, 20)], ["/a", undefined]);
});

test("a group that is renamed takes those below with it; its number may be another's once it is gone", () => {
  const groups = new TaskGroups();
  groups.onMake(1n, 0, "7", "/a");
  groups.onAttach(2n, 10, 0, "7", "/a");
  groups.onAttach(2n, 20, 0, "8", "/a/b");
  groups.onAttach(2n, 30, 0, "9", "/ab");
  groups.onRename(5n, 0, "7", "/z");
  assert.equal(
    [10, 20, 30].map((tid) => groups.pathAt(5n, tid)),
    ["/z", "/z/b", "/ab"],
  );
  assert.is(groups.pathAt(4n, 20), "/a/b");
  groups.onRemove(0, "7");
  groups.onMake(6n, 0, "7", "/new");
  assert.is(groups.pathAt(7n, 10), "/z");
});

test("of several hierarchies version 2's path counts", () => {
  const groups = new TaskGroups();
  groups.onAttach(1n, 10, 4, "7", "/v1");
  assert.is(groups.pathAt(1n, 10), "/v1");
  groups.onAttach(2n, 10, 0, "7", "/v2");
  assert.is(groups.pathAt(2n, 10), "/v2");
});

/** Fields as the kernel's tracepoints have them; contexts pid_ns, tid, pid. */
const CONTEXT = "  event.context := struct { u32 pid_ns; u32 tid; u32 pid; };";
const METADATA = `${PREAMBLE}${STREAM.replace("  event.header", `${CONTEXT}\n  event.header`)}${[
  event(
    0,
    "lttng_statedump_container",
    "string container_name; string container_type; u32 pid_ns; string id; u32 init_pid; u32 mnt_ns; u32 init_vpid; string cgroup;",
  ),
  event(
    1,
    "sched_process_fork",
    "u32 parent_tid; u32 parent_ns_inum; u32 child_tid; u32 child_pid; u32 child_ns_inum; u8 _vtids_length; u32 vtids[_vtids_length];",
  ),
  event(2, "cgroup_mkdir", "i32 root; i32 level; u64 id; string path;"),
  event(
    3,
    "cgroup_attach_task",
    "i32 dst_root; i32 dst_level; u64 dst_id; i32 pid; string dst_path; string comm;",
  ),
  event(4, "cgroup_rename", "i32 root; i32 level; u64 id; string path;"),
  event(5, "work", "u32 n;"),
].join("")}`;

const WEB = 4026532600;

/** A record in the context of a task of the container. */
function at(id: number, time: number, tid: number, payload: Bytes): Uint8Array {
  const context = new Bytes().u32(WEB).u32(tid).u32(tid);
  return record(id, BigInt(time), joined(context.take(), payload.take()));
}

const text = (bytes: Bytes, ...values: string[]): Bytes =>
  values.reduce((all, value) => all.text(value).u8(0), bytes);
const attach = (time: number, pid: number, group: number, path: string): Uint8Array =>
  at(3, time, 1, text(new Bytes().u32(0).u32(1).u64(BigInt(group)).u32(pid), path, "x"));
const work = (time: number, tid: number): Uint8Array => at(5, time, tid, new Bytes().u32(1));

const RECORDS = [
  at(
    0,
    1,
    1,
    text(text(new Bytes(), "web", "docker").u32(WEB), "4f2a")
      .u32(100)
      .u32(0)
      .u32(1)
      .text("/docker/4f2a")
      .u8(0),
  ),
  work(2, 100),
  at(2, 3, 1, text(new Bytes().u32(0).u32(1).u64(77n), "/batch")),
  attach(4, 100, 77, "/batch"),
  work(5, 100),
  work(6, 200),
  at(1, 7, 100, new Bytes().u32(100).u32(WEB).u32(300).u32(300).u32(WEB).u8(1).u32(9)),
  work(8, 300),
  at(4, 9, 1, text(new Bytes().u32(0).u32(1).u64(77n), "/night")),
  work(10, 300),
  attach(11, 300, 78, "/docker/4f2a"),
  work(12, 300),
];

/** The tasks and groups of `work`, in the order of time. */
const WORKED = [
  [100, "/docker/4f2a"],
  [100, "/batch"],
  [200, "/docker/4f2a"],
  [300, "/batch"],
  [300, "/night"],
  [300, "/docker/4f2a"],
];

function traceFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-groups-"));
  writeFileSync(join(folder, "metadata"), METADATA);
  writeFileSync(join(folder, "stream"), packet(joined(...RECORDS), { begin: 1n, end: 12n }));
  return folder;
}

const QUERIES = [
  [
    '$event.name == "work" |> select $ctx.tid as tid, cgroup',
    WORKED.map(([tid, cgroup]) => ({ tid, cgroup })),
  ],
  [
    '$event.name == "work" |> n = count() by container, cgroup |> sort cgroup',
    [
      { container: "web", cgroup: "/batch", n: 2 },
      { container: "web", cgroup: "/docker/4f2a", n: 3 },
      { container: "web", cgroup: "/night", n: 1 },
    ],
  ],
  ['$event.name == "work" && $container.cgroup == "/batch" |> count()', [{ count: 2 }]],
  ['$event.name == "work" && $container.cgroup != "/docker*" |> count()', [{ count: 3 }]],
  ['$event.name == "work" && $container.id == "4f2a" |> count()', [{ count: 6 }]],
] as const;

for (const engine of ["kernel", "interpreter"] as const) {
  test(`queries by cgroup follow a task that is moved: ${engine}`, async () => {
    const folder = traceFolder();
    try {
      for (const [query, expected] of QUERIES) {
        const { rows } = await answers(folder, query, { engine });
        assert.equal(plain(rows), expected, query);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("live as recorded", async () => {
  const folder = traceFolder();
  const relay = await replay([folder], { port: 0, speed: "max" });
  try {
    const [query, expected] = QUERIES[0];
    const { rows } = await answers(openFeed(relay.urls, { from: "beginning" }), query);
    assert.equal(plain(rows), expected);
  } finally {
    await relay.close();
    rmSync(folder, { recursive: true });
  }
});

/** Without what is said of losses; counts are bigints. */
function plain(rows: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] {
  return rows.map(({ lost_events: _lost, overflow: _overflow, ...row }) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === "bigint" ? Number(value) : value,
      ]),
    ),
  );
}

test.run();
