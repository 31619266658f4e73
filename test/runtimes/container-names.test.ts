/** One name for one container, which does not change while others come and go. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ContainerNames, type NameRequest } from "../../src/runtimes/container-names.ts";

const test = suite("runtimes/container-names");

function request(
  name: string,
  type: string,
  id: string,
  isUserOwned: boolean = false,
): NameRequest {
  return { name, type, id, isUserOwned };
}

const WEB = request("web", "docker", "d1");
const OTHER_WEB = request("web", "podman", "p1");
const THIRD_WEB = request("web", "podman", "p2");
const USERS_WEB = request("web", "podman", "u1", true);

test("the first of equal names keeps it; others get type and id", () => {
  const names = new ContainerNames();
  assert.equal(names.of([WEB, OTHER_WEB, THIRD_WEB]), ["web", "podman/web", "podman/web/p2"]);
});

test("a name stays when its namesake goes, comes back, or is listed in another order", () => {
  const names = new ContainerNames();
  names.of([WEB, OTHER_WEB]);
  assert.equal(names.of([OTHER_WEB]), ["podman/web"]);
  assert.equal(names.of([OTHER_WEB, WEB]), ["podman/web", "web"]);
  assert.equal(names.of([THIRD_WEB, OTHER_WEB, WEB]), ["podman/web/p2", "podman/web", "web"]);
});

test("a stopped container gets its name again at its next start, unless another has it", () => {
  const names = new ContainerNames();
  names.of([WEB, OTHER_WEB]);
  names.of([]);
  assert.equal(names.of([OTHER_WEB]), ["podman/web"]);
  assert.equal(names.of([OTHER_WEB, WEB]), ["podman/web", "web"]);
  const recreated = request("web", "docker", "d2");
  assert.equal(names.of([OTHER_WEB, recreated]), ["podman/web", "web"]);
  assert.equal(names.of([OTHER_WEB, recreated, WEB]), ["podman/web", "web", "docker/web"]);
});

test("a renamed container gets its new name", () => {
  const names = new ContainerNames();
  names.of([WEB]);
  assert.equal(names.of([{ ...WEB, name: "api" }]), ["api"]);
});

test("a user's container never keeps a name from one of the system's", () => {
  const names = new ContainerNames();
  assert.equal(names.of([USERS_WEB]), ["web"]);
  assert.equal(names.of([USERS_WEB, WEB]), ["podman/web", "web"]);
  assert.equal(names.of([USERS_WEB]), ["podman/web"]);
  assert.equal(names.of([USERS_WEB, OTHER_WEB]), ["podman/web", "web"]);
});

test("a user's container with a name as we make them yields to the system's too", () => {
  const names = new ContainerNames();
  const squatter = request("podman/web", "podman", "u2", true);
  assert.equal(names.of([squatter]), ["podman/web"]);
  assert.equal(names.of([squatter, WEB, OTHER_WEB]), ["podman/podman/web", "web", "podman/web"]);
});

test("names that readers use for something else are never given", () => {
  const names = new ContainerNames();
  const taken = ["[HOST]", "[x", "pid_ns:4026531836", "mnt_ns:1"];
  assert.equal(
    names.of(taken.map((name, i) => request(name, "podman", `u${i}`, true))),
    taken.map((name) => `podman/${name}`),
  );
});

test("any number of equal names and ids are distinct", () => {
  const names = new ContainerNames();
  const same = Array.from({ length: 50 }, () => request("web", "podman", ""));
  assert.is(new Set(names.of(same)).size, 50);
});

test.run();
