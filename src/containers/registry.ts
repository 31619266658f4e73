/** All traced machines of a query or feed, and their containers. */

import type { TraceClass } from "../ctf/trace-class.ts";
import { bootOf, hostNameOf } from "../scan/record-columns.ts";
import type { Container } from "./container.ts";
import { Host } from "./host.ts";

export class Registry {
  readonly #isLive: boolean;
  readonly #hosts = new Map<string, Host>();

  /** @param isLive whether tasks that have ended are forgotten after a while */
  constructor(isLive: boolean = false) {
    this.#isLive = isLive;
  }

  /**
   * The machine that a trace was recorded on.
   *
   * @param boot what tells machines and boots apart
   * @param name its host name; a tracer inside a container gives the container's, so the first one is kept
   */
  host(boot: string, name: string): Host {
    let host = this.#hosts.get(boot);
    if (host === undefined) {
      host = new Host(name, this.#isLive);
      this.#hosts.set(boot, host);
    }
    return host;
  }

  /**
   * The machine that a trace class tells of.
   * @param host its name by the relayd
   */
  hostOf(traceClass: TraceClass, host: string | undefined): Host {
    return this.host(bootOf(traceClass, host) ?? "", hostNameOf(traceClass, host) ?? "");
  }

  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  get containers(): readonly Container[] {
    return this.hosts.flatMap(({ containers }) => containers);
  }

  /** Whether records tell containers apart by their mount namespaces. */
  get hasMounts(): boolean {
    return this.hosts.some(({ hasMounts }) => hasMounts);
  }

  /** Grows whenever a name or namespace may mean something else than before. */
  get version(): number {
    return this.hosts.reduce((sum, { version }) => sum + version, this.#hosts.size);
  }
}
