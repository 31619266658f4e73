/** A chart of the rows' rate and a table of the newest ones. Texts of traces are set as texts, never as HTML. */

const STYLE = `
.tracewire { font: 12px ui-monospace, monospace; border: 1px solid #8884; padding: 6px; }
.tracewire .bar { display: flex; gap: 6px; align-items: center; margin-bottom: 4px; }
.tracewire input { flex: 1; font: inherit; padding: 2px 4px; }
.tracewire canvas { width: 100%; height: 60px; display: block; }
.tracewire .rows { max-height: 320px; overflow: auto; }
.tracewire table { border-collapse: collapse; white-space: nowrap; }
.tracewire th { position: sticky; top: 0; text-align: left; background: Canvas; color: CanvasText; }
.tracewire td, .tracewire th { padding: 0 8px 0 0; max-width: 40em; overflow: hidden; text-overflow: ellipsis; }
.tracewire pre { color: #c00; margin: 2px 0; }
.tracewire .lost { color: #c00; }
`;
/** Points of the chart: a minute at four a second. */
const POINTS = 240;

function render({ model, el }) {
  const root = element("div", "tracewire");
  const style = document.createElement("style");
  style.textContent = STYLE;
  const bar = element("div", "bar");
  const filter = element("input");
  filter.placeholder = "filter, such as ret < 0";
  filter.setAttribute("aria-label", "filter");
  const pause = element("button");
  bar.append(filter, pause);
  const error = element("pre");
  const canvas = element("canvas");
  const status = element("div", "status");
  const rows = element("div", "rows");
  const table = element("table");
  rows.append(table);
  root.append(style, bar, error, canvas, status, rows);
  el.append(root);

  const points = [];
  const showTraits = () => {
    if (document.activeElement !== filter) filter.value = model.get("where");
    filter.disabled = !model.get("has_filter");
    pause.textContent = model.get("paused") ? "resume" : "pause";
    error.textContent = model.get("error");
    showStatus(status, model.get("status"));
  };
  const onFrame = (message, buffers) => {
    if (message.type !== "frame" || model.get("paused")) return;
    const numbers = viewOf(buffers[0]);
    points.push([numbers.getFloat64(0, true), numbers.getFloat64(8, true)]);
    if (points.length > POINTS) points.shift();
    drawRates(canvas, points);
    showRows(table, JSON.parse(new TextDecoder().decode(viewOf(buffers[1]))));
  };
  filter.addEventListener("change", () => {
    model.set("where", filter.value);
    model.save_changes();
  });
  pause.addEventListener("click", () => {
    model.set("paused", !model.get("paused"));
    model.save_changes();
  });
  const traits = "change:where change:paused change:error change:status change:has_filter";
  model.on(traits, showTraits);
  model.on("msg:custom", onFrame);
  showTraits();
  model.send({ type: "ready" });
  return () => {
    model.off(traits, showTraits);
    model.off("msg:custom", onFrame);
  };
}

function element(name, className = "") {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

/** Buffers come as views or as plain memory. */
function viewOf(buffer) {
  return ArrayBuffer.isView(buffer)
    ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new DataView(buffer);
}

function showStatus(at, { rows = 0, kept = 0, live = false, watermark_ns, ...missing }) {
  const lost = ["dropped", "lost_events", "lost_packets", "gaps"].filter((name) => missing[name] > 0);
  const until = watermark_ns ? ` · until ${timeOf(watermark_ns)}` : "";
  at.textContent = `${live ? "live" : "ended"} · ${rows} rows, ${kept} kept${until}`;
  for (const name of lost) {
    const shown = element("span", "lost");
    shown.textContent = ` · ${missing[name]} ${name.replace("_", " ")}`;
    at.append(shown);
  }
}

function timeOf(ns) {
  return new Date(Number(BigInt(ns) / 1000000n)).toISOString().slice(11, 23);
}

/** Rows a second between each two points. */
function drawRates(canvas, points) {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width;
  canvas.height = height;
  const rates = points.slice(1).map(([time, rows], i) => {
    const [before, rowsBefore] = points[i];
    return Math.max(0, rows - rowsBefore) / Math.max(time - before, 0.001);
  });
  const most = Math.max(1, ...rates);
  const context = canvas.getContext("2d");
  context.fillStyle = "#4a90d9";
  rates.forEach((rate, i) => {
    const x = width - ((rates.length - i) * width) / POINTS;
    context.fillRect(x, height - (rate / most) * (height - 12), Math.max(1, width / POINTS - 1), height);
  });
  context.fillStyle = "#888";
  context.fillText(`${Math.round(rates.at(-1) ?? 0)} rows/s (most ${Math.round(most)})`, 2, 10);
}

function showRows(table, rows) {
  const names = rows.length === 0 ? [] : Object.keys(rows[0]);
  const line = (cells, kind) => {
    const row = element("tr");
    row.append(
      ...cells.map((text) => {
        const cell = element(kind);
        cell.textContent = text;
        return cell;
      }),
    );
    return row;
  };
  table.replaceChildren(
    line(names, "th"),
    ...rows.reverse().map((row) => line(names.map((name) => row[name]), "td")),
  );
}

export default { render };
