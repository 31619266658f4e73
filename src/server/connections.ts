/** How many connections an address may have: sockets cost descriptors before a request says who asks. */

import type { Socket } from "node:net";

export class Connections {
  limit: number;
  readonly #byAddress = new Map<string, number>();
  refused = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get count(): number {
    return [...this.#byAddress.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Takes a new connection, or cuts it off. */
  accept(socket: Socket): void {
    const address = socket.remoteAddress ?? "local";
    const count = this.#byAddress.get(address) ?? 0;
    if (count >= this.limit) {
      this.refused++;
      socket.destroy();
      return;
    }
    this.#byAddress.set(address, count + 1);
    socket.on("close", () => {
      const rest = (this.#byAddress.get(address) ?? 1) - 1;
      if (rest === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, rest);
    });
  }
}
