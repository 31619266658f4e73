/** Values of rows as text. */

import { instant } from "./time.ts";

/** @param absent what stands for no value */
export function cellText(value: unknown, absent: string = ""): string {
  if (value === undefined || value === null) return absent;
  if (typeof value === "bigint") return instant(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The fields of a payload, which comes as JSON. */
export function payloadFields(payload: unknown): readonly (readonly [string, unknown])[] {
  if (typeof payload !== "string") return [];
  try {
    const fields: unknown = JSON.parse(payload);
    return typeof fields === "object" && fields !== null ? Object.entries(fields) : [];
  } catch {
    return [];
  }
}

/** `prev_comm=redis  prev_tid=12` */
export function payloadText(payload: unknown): string {
  return payloadFields(payload)
    .map(([name, value]) => `${name}=${cellText(value)}`)
    .join("  ");
}
