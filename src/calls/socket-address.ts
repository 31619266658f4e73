/** Addresses of sockets as strace writes them, as far as LTTng records them: family, port and number, no path. */

import type { Recorded } from "./argument.ts";
import { constantText } from "./constants.ts";

/** What LTTng records of an address, beside the pointer to it. */
export const ADDRESS_FIELDS: RegExp = /^(family|dport|sport|v4addr|v6addr)$/;

const IPV6_GROUPS = 8;

/** `{sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("127.0.0.1")}`; what is not recorded is `...` */
export function socketAddress(fields: Readonly<Record<string, Recorded>>): string | undefined {
  const { family, v4addr, v6addr, dport, sport } = fields;
  if (family === undefined) return undefined;
  const port = Number(dport ?? sport ?? 0);
  const name = constantText("family", Number(family));
  if (Array.isArray(v4addr) && v4addr.length === 4)
    return `{sa_family=${name}, sin_port=htons(${port}), sin_addr=inet_addr("${v4addr.join(".")}")}`;
  if (Array.isArray(v6addr) && v6addr.length === IPV6_GROUPS) {
    const address = ipv6Text(v6addr.map(Number));
    return `{sa_family=${name}, sin6_port=htons(${port}), inet_pton(AF_INET6, "${address}", &sin6_addr), ...}`;
  }
  return `{sa_family=${name}, ...}`;
}

/**
 * `::1`, `fe80::1:2`, `::ffff:10.0.0.1` @see inet_ntop(3)
 *
 * @param groups the address as LTTng records it: eight numbers of 16 bits
 */
function ipv6Text(groups: readonly number[]): string {
  const { at, length } = longestZeros(groups);
  const isMapped = at === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff));
  const last = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
  const texts = groups.map((group) => group.toString(16));
  if (isMapped) texts.splice(6, 2, last.join("."));
  if (length < 2) return texts.join(":");
  return `${texts.slice(0, at).join(":")}::${texts.slice(at + length).join(":")}`;
}

function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let longest = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (at + length < groups.length && groups[at + length] === 0) length++;
    if (length > longest.length) longest = { at, length };
  }
  return longest;
}
