/** The token that the server may ask for. It is kept for this tab only, and never stands in the address. */

const KEY = "token";

export class Token {
  #value: string;

  /** From the link, whose fragment no server sees and no history keeps, or from before in this tab. */
  constructor() {
    const given = new URLSearchParams(location.hash.slice(1)).get(KEY);
    this.#value = given ?? sessionStorage.getItem(KEY) ?? "";
    if (given !== null) history.replaceState(null, "", location.pathname + location.search);
  }

  get isEmpty(): boolean {
    return this.#value === "";
  }

  /** What cannot stand in a header or a subprotocol is no token of any server. */
  get isPossible(): boolean {
    return /^[\w.~+-]*$/.test(this.#value);
  }

  set(value: string): void {
    this.#value = value.trim();
  }

  keep(): void {
    sessionStorage.setItem(KEY, this.#value);
  }

  get headers(): Record<string, string> {
    return this.isEmpty ? {} : { Authorization: `Bearer ${this.#value}` };
  }

  /** A browser cannot set headers of a WebSocket. */
  get subprotocols(): string[] {
    return this.isEmpty ? ["tracewire.v1"] : ["tracewire.v1", `bearer.${this.#value}`];
  }
}
