/** What runtimes answer, by their documentation, and which containers run according to that. */

import { createServer } from "node:http";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import { Containerd } from "../../src/runtimes/containerd.ts";
import { Cri } from "../../src/runtimes/cri.ts";
import { Docker } from "../../src/runtimes/docker.ts";
import { Lxd } from "../../src/runtimes/lxd.ts";
import { Machines } from "../../src/runtimes/nspawn.ts";
import { PodmanCommand } from "../../src/runtimes/podman.ts";
import { containersOf, FakeMachine, listingOf } from "../support/fake-runtime.ts";

const test = suite("runtimes/answers");
let machine: FakeMachine;
test.before.each(() => {
  machine = new FakeMachine();
});
test.after.each(() => machine.close());

const ID = "3f4eca336dc9ae0b2ff4b9bd5ab0d3a2b8f5e0e2b0ad6cfd2f39dd9a3b8a1b11";
const POD_ID = "9a3b8a1b113f4eca336dc9ae0b2ff4b9bd5ab0d3a2b8f5e0e2b0ad6cfd2f39dd";
const KUBERNETES = {
  "io.kubernetes.container.name": "web",
  "io.kubernetes.pod.name": "shop-7d9c",
  "io.kubernetes.pod.namespace": "prod",
  "io.kubernetes.pod.uid": "1c7ce2b0-6a5c-4d6e-9fd1-0b9d54ab3b6c",
};

test("CRI: a pod's containers are named by namespace, pod and container; its sandbox by the pod", async () => {
  const answers = {
    ps: {
      containers: [
        {
          id: ID,
          podSandboxId: POD_ID,
          metadata: { name: "web", attempt: 0 },
          image: { image: "docker.io/library/nginx:1.25" },
          state: "CONTAINER_RUNNING",
          labels: KUBERNETES,
        },
      ],
    },
    pods: {
      items: [
        {
          id: POD_ID,
          metadata: { name: "shop-7d9c", namespace: "prod", uid: "1c7c", attempt: 0 },
          state: "SANDBOX_READY",
          labels: { app: "shop" },
        },
      ],
    },
    inspect: { status: { id: ID, image: { image: "nginx:1.25" } }, info: { pid: 4711 } },
    inspectp: { status: { id: POD_ID }, info: { pid: 4700, processStatus: "running" } },
  };
  const cases = Object.entries(answers).map(
    ([command, answer]) => `${command}) echo '${JSON.stringify(answer)}';;`,
  );
  machine.command(
    "crictl",
    `echo "$*" >> ${machine.folder}/asked\ncase "$3" in\n${cases.join("\n")}\nesac`,
  );
  const cri = new Cri("/run/containerd/containerd.sock");
  const expected = [
    {
      name: "prod/shop-7d9c/web",
      type: "cri",
      id: ID,
      image: "nginx:1.25",
      initPid: 4711,
      pod: "shop-7d9c",
      podNamespace: "prod",
    },
    {
      name: "prod/shop-7d9c",
      type: "sandbox",
      id: POD_ID,
      image: "",
      initPid: 4700,
      pod: "shop-7d9c",
      podNamespace: "prod",
    },
  ];
  assert.equal(await containersOf(cri), expected);
  // In CRI an id never gets another process: what is known is not inspected again.
  machine.command(
    "crictl",
    `case "$3" in ps) echo '${JSON.stringify(answers.ps)}';; pods) echo '{}';; *) exit 1;; esac`,
  );
  assert.equal(await containersOf(cri, expected), expected.slice(0, 1));
});

test("LXD and Incus: instances of all projects, without virtual machines and what is stopped", async () => {
  const asked: string[] = [];
  const instance = { type: "container", status: "Running", project: "default" };
  const instances = [
    {
      ...instance,
      name: "ample-adder",
      config: { "image.description": "ubuntu 22.04", "volatile.uuid": "u-1" },
      state: { status: "Running", pid: 4711 },
    },
    { ...instance, name: "boxed", project: "lab", config: {}, state: { pid: 4712 } },
    { ...instance, name: "vm", type: "virtual-machine", config: {}, state: { pid: 4713 } },
    { ...instance, name: "off", status: "Stopped", config: {}, state: { pid: 0 } },
    { ...instance, name: "unknown", config: {}, state: null },
  ];
  const socket = await machine.http("lxd", (request, response) => {
    asked.push(request.url ?? "");
    response.end(JSON.stringify({ type: "sync", status_code: 200, metadata: instances }));
  });
  const found = await containersOf(new Lxd("incus", socket));
  assert.equal(asked, ["/1.0/instances?recursion=2&all-projects=true"]);
  const more = { type: "incus", pod: "", podNamespace: "" };
  assert.equal(found, [
    { name: "ample-adder", id: "u-1", image: "ubuntu 22.04", initPid: 4711, ...more },
    { name: "lab/boxed", id: "", image: "", initPid: 4712, ...more },
  ]);
});

test("LXD and Incus announce over a WebSocket on the same socket", async () => {
  const http = createServer();
  const events = new WebSocketServer({ server: http });
  const socket = await machine.listen("lxd", http);
  const asked = new Promise((resolve) => {
    events.on("connection", (peer, request) => {
      resolve(request.url);
      peer.send(JSON.stringify({ type: "lifecycle", metadata: { action: "instance-started" } }));
    });
  });
  const stop = new AbortController();
  let watching: Promise<void> | undefined;
  await new Promise<void>((resolve) => {
    watching = new Lxd("lxd", socket).watch(() => resolve(), stop.signal);
  });
  assert.is(await asked, "/1.0/events?type=lifecycle&all-projects=true");
  stop.abort();
  await watching;
});

test("Docker: what is running, with its pod's labels; what has gone meanwhile is left out", async () => {
  const socket = await machine.http("docker", (request, response) => {
    if (request.url === "/containers/json") {
      response.end(JSON.stringify([{ Id: ID }, { Id: "gone" }, { Id: "../../version" }, 7]));
    } else if (request.url === `/containers/${ID}/json`) {
      const State = { Status: "running", Pid: 4711 };
      const Config = { Image: "nginx:1.25", Labels: KUBERNETES };
      response.end(JSON.stringify({ Id: ID, Name: "/k8s_web_shop", State, Config }));
    } else {
      response.writeHead(404).end('{"message":"No such container"}');
    }
  });
  assert.equal(await containersOf(new Docker("docker", socket)), [
    {
      name: "k8s_web_shop",
      type: "docker",
      id: ID,
      image: "nginx:1.25",
      initPid: 4711,
      pod: "shop-7d9c",
      podNamespace: "prod",
    },
  ]);
});

test("Docker announces starts and ends, among commands that run inside", async () => {
  const actor = { ID, Attributes: { ...KUBERNETES, name: "web", image: "nginx:1.25" } };
  const socket = await machine.http("docker", (_, response) => {
    for (const Action of ["exec_create: sh", "exec_start: sh", "health_status: healthy", "start"])
      response.write(`${JSON.stringify({ Type: "container", Action, Actor: actor })}\n`);
    response.write('{"Type":"container","Act');
    setTimeout(() => response.end('ion":"die"}\nno JSON\n'), 10);
  });
  const announced: unknown[] = [];
  const note = (news: unknown): void => void announced.push(news);
  await new Docker("docker", socket).watch(note, new AbortController().signal, true);
  const web = {
    name: "web",
    type: "docker",
    id: ID,
    image: "nginx:1.25",
    pod: "shop-7d9c",
    podNamespace: "prod",
  };
  // The connection, start, die, and what cannot be read.
  assert.equal(announced, [undefined, web, undefined, undefined]);
});

test("containerd announces processes before they run", async () => {
  const task = { container_id: ID, bundle: "/b", io: { stdout: "/o" }, pid: 4711 };
  const at = "2026-11-27 18:19:30.698613723 +0000 UTC moby";
  machine.command(
    "ctr",
    `echo '${at} /containers/create {"id":"${ID}"}'
echo '${at} /tasks/create ${JSON.stringify(task)}'
echo '${at} /tasks/start {"container_id":"${ID}","pid":4711}'
echo '${at} /tasks/create {"pid":"'
echo '${at} /tasks/exec-added {"container_id":"${ID}"}'`,
  );
  const announced: unknown[] = [];
  const containerd = new Containerd("/c.sock", () => true);
  const note = (news: unknown): void => void announced.push(news);
  await containerd.watch(note, new AbortController().signal);
  assert.equal(announced, [{ id: ID, initPid: 4711 }, undefined, undefined]);
});

test("Podman without a service is asked by its command", async () => {
  const listed = [
    { Id: ID, Names: ["pone"], Image: "busybox", Pid: 4711, PodName: "p1", IsInfra: false },
    { Id: POD_ID, Names: ["9a3b-infra"], Image: "", Pid: 4700, PodName: "p1", IsInfra: true },
    { Id: "b1", Names: ["stopped"], Image: "", Pid: 0 },
  ];
  machine.command("podman", `echo '${JSON.stringify(listed)}'`);
  const found = await containersOf(new PodmanCommand(() => false));
  assert.equal(
    found.map(({ name, type, pod, initPid }) => [name, type, pod, initPid]),
    [
      ["pone", "podman", "p1", 4711],
      ["9a3b-infra", "sandbox", "p1", 4700],
    ],
  );
});

test("containerd: tasks of every namespace, Docker's only where Docker is not there to name them", async () => {
  const info = JSON.stringify({ ID, Image: "nginx:1.25", Labels: { "nerdctl/name": "web" } });
  machine.command(
    "ctr",
    `shift 2
case "$*" in
"namespaces ls -q") printf 'default\\nmoby\\n';;
"-n default tasks ls") printf 'TASK PID STATUS\\n${ID} 4711 RUNNING\\n${POD_ID} 4712 STOPPED\\n';;
"-n moby tasks ls") printf 'TASK PID STATUS\\n${POD_ID} 4713 RUNNING\\n';;
"-n moby containers info ${POD_ID}") echo '{"Labels":null}';;
"-n default containers info ${ID}") echo '${info}';;
*) echo "unexpected $*" >&2; exit 1;;
esac`,
  );
  const names = async (hasDocker: boolean): Promise<string[]> =>
    (await containersOf(new Containerd("/c.sock", () => hasDocker))).map(({ name }) => name);
  assert.equal(await names(true), ["web"]);
  assert.equal(await names(false), ["web", POD_ID]);
});

test("systemd-machined: containers by their leaders, without virtual machines", async () => {
  const machines = [
    { machine: "deb", class: "container", service: "systemd-nspawn", os: "debian", version: "12" },
    { machine: "qemu-1", class: "vm", service: "libvirt-qemu", os: "", version: "" },
    { machine: "--help", class: "container", service: "systemd-nspawn", os: "", version: "" },
  ];
  machine.command(
    "machinectl",
    `case "$1" in list) echo '${JSON.stringify(machines)}';; show) echo "Leader=47$#";;  esac`,
  );
  assert.equal(await containersOf(new Machines()), [
    {
      name: "deb",
      type: "systemd-nspawn",
      id: "deb",
      image: "debian",
      initPid: 474,
      pod: "",
      podNamespace: "",
    },
  ]);
});

test("a container that cannot be inspected costs itself alone, and what is known is not asked again", async () => {
  const inspected: string[] = [];
  const socket = await machine.http("docker", (request, response) => {
    const [, id] = /^\/containers\/(\w+)\/json$/.exec(request.url ?? "") ?? [];
    const ids = ["good", "hangs", "fails", "broken", "other", "stopped", "known"];
    if (id === undefined)
      response.end(JSON.stringify(ids.map((Id) => ({ Id, Names: [`/of/${Id}`, `/${Id}-name`] }))));
    else inspected.push(id);
    if (id === "fails") response.writeHead(500).end('{"message":"\\u001b]0;owned\\u0007"}');
    if (id === "broken") response.end('{"Id":"broken"}');
    if (id === "other") response.end('{"Id":"good","State":{"Pid":7}}');
    if (id === "stopped") response.end('{"Id":"stopped","State":{"Pid":0}}');
    if (id === "good") response.end('{"Id":"good","Name":"/good-name","State":{"Pid":4711}}');
  });
  const more = { type: "docker", image: "", pod: "", podNamespace: "" };
  const known = { ...more, name: "old-name", id: "known", initPid: 4712 };
  const listing = await listingOf(new Docker("docker", socket), [known]);
  assert.equal(
    listing.containers.map(({ name, initPid }) => [name, initPid]),
    [
      ["known-name", 4712],
      ["good-name", 4711],
    ],
  );
  assert.is(listing.isPending, true, "one has not answered yet");
  assert.equal(
    listing.problems.map((text) => text.replace(`${socket}: GET `, "")),
    [
      '/containers/fails/json: expected status 200, got 500: {"message":"\\u001b]0;owned\\u0007"}',
      "/containers/broken/json: expected Id and State of this container, got something else",
      "/containers/other/json: expected Id and State of this container, got something else",
    ],
  );
  assert.equal(inspected.sort(), ["broken", "fails", "good", "hangs", "other", "stopped"]);
});

test("containerd: a namespace or container that cannot be listed keeps what is known of it", async () => {
  machine.command(
    "ctr",
    `shift 2
case "$*" in
"namespaces ls -q") printf 'default\\nbroken\\n';;
"-n default tasks ls") printf 'TASK PID STATUS\\ngood 4711 RUNNING\\nbad 4712 RUNNING\\n';;
"-n default containers info good") echo '{"Image":"i"}';;
*) echo "refused $*" >&2; exit 1;;
esac`,
  );
  const more = { type: "containerd", image: "", pod: "", podNamespace: "" };
  const known = { ...more, name: "kept", id: "kept", initPid: 4713 };
  const listing = await listingOf(new Containerd("/c.sock", () => false), [known]);
  assert.equal(
    listing.containers.map(({ name }) => name),
    ["kept", "good"],
  );
  assert.equal(
    listing.problems.map((text) => /refused .*/.exec(text)?.[0]),
    ["refused -n broken tasks ls", "refused -n default containers info bad"],
  );
});

test("CRI: sandboxes stay known where only containers can be listed, and the reverse", async () => {
  const more = { image: "", initPid: 4711, pod: "p", podNamespace: "n" };
  const sandbox = { ...more, name: "n/p", type: "sandbox", id: "s1" };
  const container = { ...more, name: "n/p/c", type: "cri", id: "c1" };
  machine.command("crictl", `case "$3" in ps) echo '{"containers":[]}';; *) exit 1;; esac`);
  assert.equal(await containersOf(new Cri("/c.sock"), [sandbox, container]), [sandbox]);
  machine.command("crictl", `case "$3" in pods) echo '{"items":[]}';; *) exit 1;; esac`);
  assert.equal(await containersOf(new Cri("/c.sock"), [sandbox, container]), [container]);
});

test("LXD and Incus: a busy instance, which has no state, stays known", async () => {
  const instance = { type: "container", project: "default", config: {}, state: null };
  const socket = await machine.http("lxd", (_, response) => {
    const metadata = [
      { ...instance, name: "busy", status: "Running" },
      { ...instance, name: "off", status: "Stopped" },
    ];
    response.end(JSON.stringify({ metadata }));
  });
  const more = { type: "lxd", id: "", image: "", initPid: 4711, pod: "", podNamespace: "" };
  const [busy, off] = [
    { ...more, name: "busy" },
    { ...more, name: "off" },
  ];
  assert.equal(await containersOf(new Lxd("lxd", socket), [busy, off]), [busy]);
});

test("systemd-machined: one machine that cannot be shown costs itself alone; users' own are marked", async () => {
  const machines = ["good", "bad", "users"].map((name) => ({
    machine: name,
    class: "container",
    service: "",
    os: "",
  }));
  machine.command(
    "machinectl",
    `case "$2" in
--output=json) echo '${JSON.stringify(machines)}';;
good) printf 'Leader=4711\\nUID=0\\n';;
users) printf 'Leader=4712\\nUID=1000\\n';;
*) echo "no $2" >&2; exit 1;;
esac`,
  );
  const { containers, problems } = await listingOf(new Machines());
  assert.equal(
    containers.map(({ name, uid }) => [name, uid]),
    [
      ["good", undefined],
      ["users", 1000],
    ],
  );
  assert.is(problems.length, 1);
  assert.match(problems[0] ?? "", /failed: no bad$/);
});

test.run();
