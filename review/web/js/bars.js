// Bar charts of the overview.
import { h, svg } from "./dom.js";
import { calendarDay, count, plural } from "./format.js";

const left = 44;
const height = 170;
const base = height - 24;
const top = 16;
const verdicts = ["fraud", "legitimate", "unsure"];
const dayLength = 86_400_000;
const fewestDays = 14;

// pictureWidth is how wide a picture is drawn, in units of its text's size, so that text can be read on a phone too.
export const pictureWidth = () => (matchMedia("(max-width: 800px)").matches ? 430 : 860);

// perDay draws, for each day, the alerts that were made, and beside them the cases that were closed, by disposition.
export function perDay(days) {
  if (days.length === 0) return h("p", { class: "hint" }, "No alerts yet.");
  const all = withoutGaps(days);
  const width = pictureWidth();
  const closed = (d) => verdicts.reduce((n, v) => n + d[v], 0);
  const y = scale(Math.max(...all.map((d) => Math.max(d.alerts, closed(d)))));
  const slot = (width - left - 12) / all.length; // room for the last label
  const bar = (kind, x, from, n) => svg("rect", { class: kind, x, width: slot * 0.36, y: y(from + n), height: y(from) - y(from + n) });
  const labelEvery = Math.ceil(all.length / (width / 90));
  const bars = all.map((d, i) => {
    const x = left + i * slot;
    let from = 0;
    const parts = verdicts.map((v) => {
      const r = bar(v, x + slot * 0.52, from, d[v]);
      from += d[v];
      return r;
    });
    return svg("g", {}, svg("title", {}, dayWords(d)), bar("made", x + slot * 0.12, 0, d.alerts), parts,
      (all.length - 1 - i) % labelEvery === 0 && svg("text", { x: x + slot * 0.5, y: height - 6, "text-anchor": "middle" }, calendarDay(d.day)));
  });
  const legend = [["made", "alerts"], ["fraud", "closed as fraud"], ["legitimate", "as legitimate"], ["unsure", "as unsure"]];
  return h("figure", {}, chart(width, `Per day: ${days.slice(-7).map(dayWords).join("; ")}`, grid(y, width), bars),
    h("ul", { class: "legend" }, legend.map(([kind, words]) => h("li", {}, h("span", { class: `key ${kind}`, "aria-hidden": "true" }), words))));
}

// withoutGaps adds the days on which nothing was, up to the last and as many before as make a picture.
function withoutGaps(days) {
  const known = new Map(days.map((d) => [Date.parse(d.day), d]));
  const last = Math.max(...known.keys());
  const first = Math.min(...known.keys(), last - (fewestDays - 1) * dayLength);
  const empty = (at) => ({ day: new Date(at).toISOString(), alerts: 0, fraud: 0, legitimate: 0, unsure: 0 });
  return Array.from({ length: (last - first) / dayLength + 1 }, (_, i) => known.get(first + i * dayLength) ?? empty(first + i * dayLength));
}

const dayWords = (d) => `${calendarDay(d.day)}: ${plural(d.alerts, "alert")}; closed: ${verdicts.map((v) => `${count(d[v])} ${v}`).join(", ")}`;

// histogram draws how many cases have which score.
export function histogram(scores) {
  if (!scores.some((s) => s.count > 0)) return h("p", { class: "hint" }, "No open cases.");
  const width = pictureWidth();
  const y = scale(Math.max(...scores.map((s) => s.count)));
  const slot = (width - left - 12) / scores.length;
  const range = (i) => `${scores[i].from} to ${scores[i + 1]?.from ?? 1}`;
  const bars = scores.map((s, i) => svg("g", {}, svg("title", {}, `${range(i)}: ${plural(s.count, "case")}`),
    svg("rect", { class: "score", x: left + i * slot + 1, width: slot - 2, y: y(s.count), height: base - y(s.count) }), edge(left + i * slot, s.from)));
  return h("figure", {}, chart(width, `Cases by score. ${scores.map((s, i) => `${range(i)}: ${s.count}`).join("; ")}`, grid(y, width), bars, edge(left + scores.length * slot, 1)));
}

const edge = (x, score) => svg("text", { x, y: height - 6, "text-anchor": "middle" }, score);

const chart = (width, words, ...parts) => svg("svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words }, parts);

function scale(greatest) {
  const most = Math.max(1, greatest);
  return Object.assign((n) => base - (n / most) * (base - top), { most });
}

const grid = (y, width) => [...new Set([0, Math.round(y.most / 2), y.most])].map((n) => svg("g", { class: "axis" },
  svg("line", { x1: left, x2: width, y1: y(n), y2: y(n) }), svg("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, count(n))));
