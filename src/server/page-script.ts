/**
 * The page's script, as browsers get it. It asks for NDJSON on the WebSocket, since a browser has no Arrow reader of its
 * own; counts lines without decoding them, and keeps the last 200. Rows become text nodes, never markup.
 */
export const PAGE_SCRIPT: string = String.raw`
"use strict";
const KEPT_ROWS = 200;
const UPDATE_MS = 200;
const RETRY_MS = 2000;
const NEWLINE = 10;
const byId = (id) => document.getElementById(id);
const TOTALS = ["lost_events", "lost_packets", "late", "unnamed_rows", "dropped"];
const KEPT_NOTES = 4;

let socket;
let retry;
let columns = [];
let lines = [];
let rows = 0;
let isStale = false;
let samples = [];
let kinds = new Map();
let notes = [];
let token = knownToken();

/** From the link, whose fragment no server sees and no history keeps, or from before in this tab. */
function knownToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return sessionStorage.getItem("token") ?? "";
  history.replaceState(null, "", location.pathname + location.search);
  return given;
}

async function start() {
  // What cannot stand in a header or a subprotocol is no token of any server.
  if (!/^[\w.~+-]*$/.test(token)) return ask("This cannot be a token.");
  try {
    const headers = token === "" ? {} : { Authorization: "Bearer " + token };
    const answer = await fetch("v1/sessions", { headers });
    if (answer.status === 401) return ask(token === "" ? "" : "This is not the server's token.");
    sessionStorage.setItem("token", token);
    const { sources } = await answer.json();
    kinds = new Map();
    byId("source").replaceChildren();
    for (const { source, kind } of sources ?? []) {
      kinds.set(source, kind);
      byId("source").append(new Option(source, source));
    }
    byId("sources").hidden = kinds.size < 2;
  } catch {
    // The query reports what is wrong.
  }
  run();
}

function ask(problem) {
  stop("needs a token");
  byId("access").hidden = false;
  byId("token").focus();
  show("error", problem);
}

function run() {
  stop("connecting");
  lines = [];
  columns = [];
  rows = 0;
  samples = [];
  isStale = true;
  show("error", "");
  notes = [];
  show("note", "");
  for (const id of TOTALS) total(id, 0);
  const where = byId("where").value.trim();
  const source = byId("source").value;
  const isLive = kinds.size === 0 || kinds.get(source) === "live";
  const url = location.href.replace(/^http/, "ws").replace(/[?#].*$/, "") + "v1/query";
  const own = new WebSocket(url, token === "" ? ["tracewire.v1"] : ["tracewire.v1", "bearer." + token]);
  own.binaryType = "arraybuffer";
  let isOver = false;
  own.onopen = () => {
    // A page must not slow down what others watch; a recorded trace can wait for it.
    const query = { where, format: "ndjson", overflow: isLive ? "drop" : "block", credit: 8 };
    if (source !== "") query.source = source;
    own.send(JSON.stringify(query));
    state("running");
  };
  own.onmessage = ({ data }) => {
    if (own !== socket) return;
    if (typeof data !== "string") {
      own.send('{"credit":1}');
      take(new Uint8Array(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.columns !== undefined) columns = message.columns;
    for (const id of TOTALS) if (message[id] !== undefined) total(id, message[id]);
    if (message.type === "error") show("error", message.error.message);
    if (message.type === "note") note(message.text);
    if (message.type === "loss") note(message.message);
    if (message.type === "error" || message.type === "end") {
      isOver = true;
      state(message.type === "end" ? "ended" : "failed");
    }
    isStale = true;
  };
  own.onclose = () => {
    if (own !== socket || isOver) return;
    state("disconnected");
    retry = setTimeout(run, RETRY_MS);
  };
  socket = own;
}

function stop(why) {
  clearTimeout(retry);
  const old = socket;
  socket = undefined;
  old?.close();
  state(why);
}

/** Counts the frame's lines and decodes those that can be shown. */
function take(bytes) {
  let count = 0;
  let from = 0;
  for (let at = bytes.length - 2; at >= 0; at--) {
    if (bytes[at] !== NEWLINE) continue;
    if (++count === KEPT_ROWS) from = at + 1;
  }
  rows += count + 1;
  const text = new TextDecoder().decode(bytes.subarray(from));
  lines = lines.concat(text.trimEnd().split("\n")).slice(-KEPT_ROWS);
  isStale = true;
}

function update() {
  const now = performance.now();
  samples.push({ now, rows });
  while (samples.length > 2 && now - samples[0].now > 2000) samples.shift();
  const [first] = samples;
  const seconds = (now - first.now) / 1000;
  byId("rate").textContent = seconds > 0 ? number(Math.round((rows - first.rows) / seconds)) : "0";
  byId("rows").textContent = number(rows);
  if (!isStale) return;
  isStale = false;
  const shown = columns.filter(({ name }) => byId("all").checked || !/_ns$|^(host|domain)$/.test(name));
  byId("head").replaceChildren(...shown.map((column) => cell("th", column, column.name)));
  const newestFirst = lines.map((line) => JSON.parse(line)).reverse();
  byId("body").replaceChildren(...newestFirst.map((row) => tableRow(shown, row)));
}

function tableRow(shown, row) {
  const tr = document.createElement("tr");
  for (const column of shown) tr.append(cell("td", column, text(column, row[column.name])));
  return tr;
}

function cell(tag, { name, type }, content) {
  const element = document.createElement(tag);
  element.textContent = content;
  if (/int|float/.test(type)) element.className = "number";
  if (name === "timestamp" || name === "event") element.className = name;
  if (name === "payload") element.title = content;
  return element;
}

function text({ name }, value) {
  if (value === undefined) return "";
  if (name === "timestamp") return value.slice(11, -1);
  if (name !== "payload" || typeof value !== "object") return plain(value);
  return Object.entries(value).map(([key, one]) => key + "=" + plain(one)).join("  ");
}

function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function total(id, value) {
  byId(id).textContent = number(value);
  byId(id).className = value > 0 ? "bad" : "";
}

function show(id, message) {
  byId(id).textContent = message;
  byId(id).hidden = message === "";
}

/** The last notes, a line each: one of them may be about a name, another about a loss. */
function note(text) {
  notes = notes.filter((one) => one !== text).concat(text).slice(-KEPT_NOTES);
  show("note", notes.join("\n"));
}

function state(word) {
  byId("state").textContent = word;
}

function number(value) {
  return value.toLocaleString("en-US");
}

byId("query").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!byId("access").hidden) return byId("token").focus();
  const where = byId("where").value.trim();
  history.replaceState(null, "", where === "" ? "./" : "?where=" + encodeURIComponent(where));
  run();
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  byId("access").hidden = true;
  show("error", "");
  start();
});
byId("stop").addEventListener("click", () => stop("stopped"));
byId("source").addEventListener("change", run);
byId("all").addEventListener("change", () => { isStale = true; });
byId("where").value = new URLSearchParams(location.search).get("where") ?? "";
setInterval(update, UPDATE_MS);
start();
`;
