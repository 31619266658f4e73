/** The runtimes of this machine, at their usual places or where the operator says. */

import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
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
  /** Socket or directory of the runtime. Its owner, and those of the directories above, decide which processes it may name. */
  readonly path: string;
  /** Whether the operator has named it: then its absence is reported. */
  readonly isNamed: boolean;
  /** Whether it is the usual place of an unprivileged user's runtime. */
  readonly isUserOwned: boolean;
}

const CRI_SOCKETS = [
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/k3s/containerd/containerd.sock",
];

const USUAL: Readonly<Record<PlaceKind, () => readonly string[]>> = {
  docker: () => ["/var/run/docker.sock"],
  podman: () => ["/run/podman/podman.sock"],
  cri: () => (hasProgram("crictl") ? CRI_SOCKETS : []),
  lxd: () => ["/var/snap/lxd/common/lxd/unix.socket", "/var/lib/lxd/unix.socket"],
  incus: () => ["/var/lib/incus/unix.socket"],
  lxc: () => (hasProgram("lxc-info") ? ["/var/lib/lxc"] : []),
  containerd: () =>
    hasProgram("ctr")
      ? [
          "/run/containerd/containerd.sock",
          "/run/docker/containerd/containerd.sock",
          "/run/k3s/containerd/containerd.sock",
        ]
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
 * The runtimes to ask, in order of priority. The result is called again to find users who have logged in.
 * @param onlyNamed whether to omit all runtimes that are not named
 */
export function runtimePlaces(
  named: NamedPlaces,
  onlyNamed: boolean,
): () => readonly RuntimePlace[] {
  const isListening = (kind: string): boolean =>
    system.some(({ runtime, path }) => runtime.title.startsWith(`${kind} `) && exists(path));
  const hasDocker = (): boolean => isListening("docker");
  const system: readonly RuntimePlace[] = PLACE_KINDS.flatMap((kind): RuntimePlace[] => {
    const own = named[kind] ?? [];
    const isNamed = own.length > 0;
    const paths = isNamed ? own : onlyNamed ? [] : USUAL[kind]();
    return paths
      .map((path) => resolve(path))
      .map((path) => ({ runtime: MAKE[kind](path, hasDocker), path, isNamed, isUserOwned: false }));
  });
  if (onlyNamed) return () => system;
  const commands = commandPlaces(() => isListening("podman"));
  // containerd has the least descriptive names.
  const last = system.findIndex(({ runtime }) => runtime instanceof Containerd);
  const all = system.toSpliced(last === -1 ? system.length : last, 0, ...commands);
  const asksUsers = (named.podman ?? []).length === 0;
  return () => (asksUsers ? [...all, ...userPlaces()] : all);
}

function commandPlaces(hasPodman: () => boolean): readonly RuntimePlace[] {
  const usual = { isNamed: false, isUserOwned: false };
  const places: RuntimePlace[] = [];
  if (hasProgram("machinectl"))
    places.push({ runtime: new Machines(), path: "/run/systemd/machines", ...usual });
  if (hasProgram("podman")) {
    const runtime = new PodmanCommand(hasPodman);
    places.push({ runtime, path: "/var/lib/containers/storage", ...usual });
  }
  return places;
}

/** Podman services of users, in their runtime directories. */
function userPlaces(): readonly RuntimePlace[] {
  try {
    return readdirSync("/run/user").map((user) => {
      const path = join("/run/user", user, "podman/podman.sock");
      return { runtime: new Docker("podman", path), path, isNamed: false, isUserOwned: true };
    });
  } catch {
    return [];
  }
}

export function exists(path: string): boolean {
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
