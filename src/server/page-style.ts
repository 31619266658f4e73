/** The page's style sheet. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --back: #fbfbfa; --front: #1d2125; --dim: #68707a; --line: #dfe2e5; --head: #f1f2f2;
  --accent: #0b62a8; --bad: #a4261d; --bad-back: #fdf0ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #16191c; --front: #dde1e5; --dim: #8d96a0; --line: #2c3136; --head: #1f2327;
    --accent: #6fb4ee; --bad: #ff8f85; --bad-back: #331a18;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--back); color: var(--front);
  font: 14px/1.45 system-ui, sans-serif; }
header { padding: 12px 16px 8px; border-bottom: 1px solid var(--line); }
h1 { margin: 0 12px 0 0; font-size: 18px; font-weight: 650; }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
#access { margin-top: 8px; }
label { display: inline-flex; gap: 6px; align-items: center; color: var(--dim); }
.where { flex: 1 1 320px; }
.where input { flex: 1; }
input:not([type="checkbox"]), select, button { font: inherit; color: inherit; background: var(--back); padding: 4px 8px;
  border: 1px solid var(--line); border-radius: 5px; }
input:not([type="checkbox"]), select { color: var(--front); }
input:not([type="checkbox"]) { font-family: ui-monospace, monospace; font-size: 13px; }
select { max-width: 320px; }
button { background: var(--head); cursor: pointer; padding: 4px 14px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#error { margin: 10px 0 2px; padding: 8px 12px; overflow-x: auto; border-radius: 5px;
  background: var(--bad-back); color: var(--bad); font: 13px/1.4 ui-monospace, monospace; }
#note { margin: 6px 0 0; white-space: pre-line; overflow-wrap: anywhere; color: var(--dim); font-size: 13px; }
[hidden] { display: none !important; }
dl { display: flex; flex-wrap: wrap; gap: 4px 26px; margin: 10px 0 0; }
dt { color: var(--dim); font-size: 12px; }
dd { margin: 0; min-width: 64px; font-variant-numeric: tabular-nums; font-size: 16px; }
dd label { font-size: 14px; }
.wide dd { min-width: 100px; }
.bad { color: var(--bad); font-weight: 600; }
main { flex: 1; overflow: auto; }
table { border-collapse: collapse; width: 100%; font: 12px/1.5 ui-monospace, monospace; }
th { position: sticky; top: 0; background: var(--head); color: var(--dim); text-align: left; font-weight: 500; }
th, td { padding: 2px 12px 2px 4px; white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child { padding-left: 16px; }
td { border-top: 1px solid var(--line); }
td.number, th.number { text-align: right; }
td.event { color: var(--accent); }
td.timestamp { color: var(--dim); }
td:last-child { width: 100%; max-width: 0; min-width: 360px; overflow: hidden; text-overflow: ellipsis; }
`;
