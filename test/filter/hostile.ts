/** Filters that are as long, deep or costly as a text can make them. Each is refused, or runs. */

const LEVELS = "1||1&&1==1<1|1^1&1<<(";
export const HOSTILE: readonly (readonly [string, string])[] = [
  ["parentheses", "(".repeat(65_000)],
  ["closed parentheses", "(".repeat(32_000) + ")".repeat(32_000)],
  ["unary operators", "-".repeat(65_000)],
  ["bitwise chain", `${"1&".repeat(5990)}1`],
  ["comparison chain", `${"k==".repeat(5990)}k`],
  ["logical chain", `${"k&&".repeat(5990)}k`],
  ["optional chain", `${"k?|".repeat(3990)}k`],
  ["path", `${"a.".repeat(5990)}a`],
  ["indexes", `a${"[0]".repeat(3990)}`],
  ["every level, nested", `${LEVELS.repeat(248)}k${")".repeat(248)}`],
  ["unary runs", `${`${"!".repeat(200)}1&`.repeat(55)}1`],
  ["comments", `${"/**/".repeat(16_000)}k`],
  ["open comments", "/*".repeat(32_000)],
  ["quotes", '"'.repeat(65_000)],
  ["escapes", `s == "${"\\*".repeat(32_000)}"`],
  ["stars", `s == "${"*".repeat(65_000)}"`],
  ["digits", "1".repeat(65_000)],
  ["hex float", `k < 0x${"f".repeat(60_000)}.8p${"9".repeat(100)}`],
  ["dots", ".".repeat(65_000)],
  ["list", `k in (${"1,".repeat(5900)}1)`],
  ["list of lists", `k in (${"(k in (1,2)),".repeat(1000)}1)`],
];
