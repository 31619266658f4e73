/** A view's rows as lines: as many columns as have room, heat as colour or weight. */

import type { Cell } from "../analyses/board.ts";
import type { KeyName, View, ViewColumn } from "../analyses/view.ts";
import { type Line, type Style, span, type TextSpan } from "../terminal/frame.ts";
import { fitted } from "../terminal/width.ts";
import { cellText, heatOf } from "./cell-text.ts";
import type { TopPicture } from "./picture.ts";

const KEY_TITLES: Readonly<Record<KeyName, string>> = {
  container: "CONTAINER",
  pid: "PID",
  tid: "TID",
  syscall: "SYSCALL",
  filename: "FILE",
  dev: "DEVICE",
  op: "OP",
  device: "INTERFACE",
  kind: "KIND",
  irq: "IRQ",
  name: "NAME",
  cpu_id: "CPU",
  container_type: "TYPE",
};

/** Keys that are numbers, and those that take the room that is left. */
const NUMBERS: readonly KeyName[] = ["pid", "tid", "dev", "irq"];
const WIDTHS: Readonly<Record<KeyName, number>> = {
  container: 17,
  pid: 7,
  tid: 7,
  syscall: 20,
  filename: 28,
  dev: 9,
  op: 7,
  device: 14,
  kind: 8,
  irq: 5,
  name: 20,
  cpu_id: 4,
  container_type: 8,
};

/** What a column of the table is, and how wide. */
interface Place {
  readonly title: string;
  readonly name: string;
  readonly width: number;
  readonly align: "left" | "right";
  readonly key?: number;
  readonly column?: { readonly at: number; readonly column: ViewColumn };
}

export function tableLines(picture: TopPicture, room: number): Line[] {
  const { view, rows, selected, order, size } = picture;
  if (view === undefined) return [];
  const places = placesOf(view, size.columns);
  const first = Math.max(0, Math.min(selected - room + 1, rows.length - room));
  const from = selected < room ? 0 : first;
  const head = places.map(({ title, name, width, align }) => {
    const isSorted = name === order.by;
    const mark = isSorted ? (order.isReversed ? "^" : "v") : "";
    const text = align === "right" ? `${mark}${title}` : `${title}${mark}`;
    return span(`${fitted(text, width, align)} `, { isReversed: true, isBold: isSorted });
  });
  const lines = rows.slice(from, from + room).map((row, i): Line => {
    const isSelected = from + i === selected;
    return places.map(({ width, align, key, column }): TextSpan => {
      const cell = (key === undefined ? row.cells[column!.at] : row.keys[key]) ?? null;
      const unit = column?.column.unit ?? "text";
      const shown = view.keys[key ?? -1] === "dev" ? deviceText(cell) : cellText(cell, unit);
      const text = `${fitted(shown, width, align)} `;
      const style = column === undefined ? KEY_STYLE : styleOf(heatOf(cell, column.column));
      return span(text, isSelected ? { isReversed: true } : style);
    });
  });
  const rest = size.columns - places.reduce((sum, { width }) => sum + width + 1, 0);
  return [[...head, span(" ".repeat(Math.max(0, rest)), { isReversed: true })], ...lines];
}

/** A block device's number as major and minor one. @see linux/kdev_t.h, MINORBITS */
function deviceText(cell: Cell): string {
  return typeof cell === "number" ? `${Math.floor(cell / 2 ** 20)}:${cell % 2 ** 20}` : "-";
}

const KEY_STYLE: Style = {};

/** Cold cells are plain; without colours, weight still shows the hottest. */
function styleOf(heat: number | undefined): Style {
  if (heat === undefined || heat < 0.25) return {};
  if (heat < 0.5) return { color: "green" };
  return heat < 0.9 ? { color: "yellow" } : { color: "red", isBold: true };
}

/** Columns from the left as far as there is room; the last text takes what is left. */
function placesOf(view: View, columns: number): readonly Place[] {
  const keys = view.keys.map(
    (name, key): Place => ({
      title: KEY_TITLES[name],
      name,
      width: WIDTHS[name],
      align: NUMBERS.includes(name) ? "right" : "left",
      key,
    }),
  );
  const measures = view.columns.map(
    (column, at): Place => ({
      title: column.title,
      name: column.name,
      width: Math.max(column.width, column.title.length + 1),
      align: column.unit === "text" ? "left" : "right",
      column: { at, column },
    }),
  );
  let left = columns;
  const shown = [...keys, ...measures].filter(({ width }) => {
    if (left < Math.min(width, 8)) return false;
    left -= width + 1;
    return true;
  });
  return widened(shown, left);
}

/** Room that is left goes to the texts. */
function widened(places: readonly Place[], left: number): readonly Place[] {
  const isText = ({ align, name }: Place): boolean =>
    align === "left" && name !== "kind" && name !== "op";
  const texts = places.filter(isText).length;
  if (texts === 0 || left === 0) return places;
  const share = left < 0 ? 0 : Math.min(30, Math.floor(left / texts));
  const widths = places.map((place) => ({
    ...place,
    width: place.width + (isText(place) ? share : 0),
  }));
  if (left >= 0) return widths;
  // The last column is a little too wide.
  return widths.map((place, i) =>
    i === widths.length - 1 ? { ...place, width: place.width + left } : place,
  );
}
