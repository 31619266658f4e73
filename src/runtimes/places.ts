/** Where runtimes of this machine are to be found. */

import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Containerd } from "./containerd.ts";
import { Cri } from "./cri.ts";
import { Docker } from "./docker.ts";
import { Lxc } from "./lxc.ts";
import { Lxd } from "./lxd.ts";
import { Machines } from "./nspawn.ts";
import { type NamedPlaces, PLACE_KINDS, type PlaceKind } from "./place-kinds.ts";
import { PodmanCommand } from "./podman.ts";
import type { Runtime } from "./runtime.ts";

export interface RuntimePlace {
  readonly runtime: Runtime;
  /** Without this file there is no such runtime. */
  readonly path: string;
  /** Whether the user has asked for it: then it is told when it is not there. */
  readonly isNamed: boolean;
}

const CRI_SOCKETS = [
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/k3s/containerd/containerd.sock",
];

const USUAL: Readonly<Record<PlaceKind, () => readonly string[]>> = {
  docker: () => ["/var/run/docker.sock"],
  podman: () => ["/run/podman/podman.sock", ...userSockets("podman/podman.sock")],
  cri: () => (hasProgram("crictl") ? CRI_SOCKETS : []),
  lxd: () => ["/var/snap/lxd/common/lxd/unix.socket", "/var/lib/lxd/unix.socket"],
  incus: () => ["/var/lib/incus/unix.socket"],
  lxc: () => (hasProgram("lxc-ls") ? ["/var/lib/lxc"] : []),
  containerd: () =>
    hasProgram("ctr")
      ? ["/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"]
      : [],
};

const MAKE: Readonly<Record<PlaceKind, (path: string, hasDocker: () => boolean) => Runtime>> = {
  docker: (path) => new Docker("docker", path),
  podman: (path) => new Docker("podman", path),
  cri: (path) => new Cri(path),
  lxd: (path) => new Lxd("lxd", path),
  incus: (path) => new Lxd("incus", path),
  lxc: (path) => new Lxc(path),
  containerd: (path, hasDocker) => new Containerd(path, hasDocker),
};

/**
 * The runtimes to ask: where several know a container, the first one names it.
 * @param onlyNamed leaves out everything that is not named
 */
export function runtimePlaces(named: NamedPlaces, onlyNamed: boolean): readonly RuntimePlace[] {
  const hasDocker = (): boolean =>
    places.some(({ runtime, path }) => isDocker(runtime) && isThere(path));
  const places: readonly RuntimePlace[] = PLACE_KINDS.flatMap((kind): RuntimePlace[] => {
    const own = named[kind] ?? [];
    const isNamed = own.length > 0;
    const paths = isNamed ? own : onlyNamed ? [] : USUAL[kind]();
    return paths.map((path) => ({ runtime: MAKE[kind](path, hasDocker), path, isNamed }));
  });
  if (onlyNamed) return places;
  const others: RuntimePlace[] = [];
  if (hasProgram("machinectl"))
    others.push({ runtime: new Machines(), path: "/run/systemd/machines", isNamed: false });
  const hasService = places.some(
    ({ runtime, path }) => runtime.title.startsWith("podman ") && isThere(path),
  );
  if (!hasService && hasProgram("podman")) {
    const path = "/var/lib/containers/storage";
    others.push({ runtime: new PodmanCommand(), path, isNamed: false });
  }
  // containerd tells least of names, so that it comes last.
  const last = places.findIndex(({ runtime }) => runtime instanceof Containerd);
  return places.toSpliced(last === -1 ? places.length : last, 0, ...others);
}

function isDocker(runtime: Runtime): boolean {
  return runtime.title.startsWith("docker ");
}

export function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

function hasProgram(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What services of users have beneath their runtime directories. */
function userSockets(name: string): string[] {
  try {
    return readdirSync("/run/user").map((user) => join("/run/user", user, name));
  } catch {
    return [];
  }
}
