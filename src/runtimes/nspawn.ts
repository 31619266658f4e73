/** Containers that are registered with systemd-machined, by systemd-nspawn and others. */

import { isPlainName, listOf, parseAnswer, pidOf, textAt, within } from "./answer.ts";
import { outputOf } from "./command.ts";
import { Inspections, joined } from "./inspections.ts";
import type { FoundContainer, Listing, ListRequest, Runtime } from "./runtime.ts";

const PARALLEL = 8;

export class Machines implements Runtime {
  readonly title = "systemd-machined";
  readonly #inspections = new Inspections(PARALLEL);

  async list({ known, limits, signal }: ListRequest): Promise<Listing> {
    const text = await outputOf("machinectl", ["list", "--output=json", "--no-pager"], signal);
    const machines = listOf(
      text.trim() === "" ? [] : parseAnswer(text, "machinectl list"),
      "machinectl list",
    );
    const knownById = new Map(known.map((one) => [one.id, one]));
    const containers: FoundContainer[] = [];
    const problems: string[] = [];
    const news = new Map<string, unknown>();
    for (const machine of within(limits, machines, "machinectl list", problems)) {
      const name = textAt(machine, "machine");
      if (textAt(machine, "class") !== "container" || !isPlainName(name)) continue;
      const before = knownById.get(name);
      if (before === undefined) news.set(name, machine);
      else containers.push(before);
    }
    const inspected = await this.#inspections.of([...news.keys()], (name) =>
      inspect(name, news.get(name), signal),
    );
    return joined({ containers, problems }, inspected);
  }
}

async function inspect(
  name: string,
  machine: unknown,
  signal: AbortSignal,
): Promise<FoundContainer | undefined> {
  const properties = ["--property=Leader", "--property=UID"];
  const shown = await outputOf("machinectl", ["show", name, ...properties], signal);
  const initPid = pidOf(/^Leader=(\d+)$/m.exec(shown)?.[1]);
  if (initPid === 0) return undefined;
  // Newer versions have this property, and let unprivileged users register machines.
  const uid = Number(/^UID=(\d+)$/m.exec(shown)?.[1] ?? 0);
  return {
    name,
    type: textAt(machine, "service") || "systemd-nspawn",
    id: name,
    image: textAt(machine, "os"),
    initPid,
    pod: "",
    podNamespace: "",
    ...(uid === 0 ? {} : { uid }),
  };
}
