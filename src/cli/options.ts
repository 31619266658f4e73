/** Option values: durations, counts, addresses; commander prints the message and the usage on failure. */

import { InvalidArgumentError } from "commander";
import { parseDuration } from "../base/duration.ts";
import { splitNames } from "../base/text.ts";
import { FORMATS, findFormat } from "../format/formats.ts";
import { type NamedPlaces, PLACE_KINDS, type PlaceKind } from "../runtimes/place-kinds.ts";

/** `10s`, `500ms`, `2m`, or plain seconds → milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new InvalidArgumentError(
      "expected a duration such as 10s, 500ms or 2m, of 24 days at most.",
    );
  return ms;
}

/** A duration of more than 0. */
export function windowLength(text: string): number {
  const ms = duration(text);
  if (ms === 0) throw new InvalidArgumentError("expected a duration of more than 0, such as 1s.");
  return ms;
}

/** The name of a format, by its name or an alias. */
export function formatName(text: string): string {
  const format = findFormat(text);
  if (format === undefined) throw new InvalidArgumentError(`expected one of ${formatNames()}.`);
  return format.name;
}

/** The same, and `lami`. */
export function analysisFormatName(text: string): string {
  if (text === "lami") return text;
  if (findFormat(text) === undefined)
    throw new InvalidArgumentError(`expected one of lami, ${formatNames()}.`);
  return formatName(text);
}

export function formatNames(): string {
  return FORMATS.map(({ name }) => name).join(", ");
}

/** `text` or `json` */
export function textOrJson(text: string): "text" | "json" {
  if (text !== "text" && text !== "json")
    throw new InvalidArgumentError("expected one of text, json.");
  return text;
}

/** A path: an empty text is that of a variable of a shell that is not set. */
export function pathOption(text: string): string {
  if (text === "") throw new InvalidArgumentError("expected a path.");
  return text;
}

export function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("expected a whole number.");
  return Number(text);
}

export function positiveCount(text: string): number {
  const number = count(text);
  if (number === 0) throw new InvalidArgumentError("expected 1 or more.");
  return number;
}

/** Repeatable option. */
export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** Repeatable list of names. */
export function collectNames(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...list(text)];
}

/** `a,b,c` */
export function list(text: string): readonly string[] {
  const names = splitNames(text);
  if (names.some((name) => name === ""))
    throw new InvalidArgumentError("expected names with commas between them.");
  return names;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, `:PORT` or `PORT`; IPv6 in brackets. Without host, loopback. */
export function address(text: string): Address {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw new InvalidArgumentError("expected HOST:PORT.");
  return { host: match[1]?.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", port };
}

/** `1`, `10`, `0.5` or `max` */
export function speed(text: string): number | "max" {
  if (text === "max") return "max";
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("expected a number above 0, or max.");
  return value;
}

const UNITS: Readonly<Record<string, number>> = { "": 0, K: 10, M: 20, G: 30 };

/** `64MiB`, `64M`, `1GiB`, or plain bytes */
export function bytes(text: string): number {
  const match = /^(\d+)([KMG]?)(?:i?B)?$/.exec(text);
  const value = Number(match?.[1]) * 2 ** (UNITS[match?.[2] ?? ""] ?? 0);
  if (!Number.isSafeInteger(value))
    throw new InvalidArgumentError("expected a size such as 64MiB.");
  return value;
}

/** `auto`, or places of runtimes: `docker:/run/docker.sock,lxc:/srv/lxc` */
export function runtimes(text: string): "auto" | NamedPlaces {
  if (text === "auto") return text;
  const places: Partial<Record<PlaceKind, string[]>> = {};
  for (const one of list(text)) {
    const colon = one.indexOf(":");
    const kind = PLACE_KINDS.find((name) => name === one.slice(0, colon));
    if (kind === undefined || colon === one.length - 1) {
      const kinds = PLACE_KINDS.join(", ");
      throw new InvalidArgumentError(`expected auto, or RUNTIME:PATH with one of ${kinds}.`);
    }
    const paths = places[kind] ?? [];
    paths.push(one.slice(colon + 1));
    places[kind] = paths;
  }
  return places;
}

/** An address that a request can be sent to. */
export function webAddress(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError("expected http://… or https://….");
  return text;
}
