// Bar charts of the overview.
import { h, svg } from "./dom.js";
import { calendarDay, count, plural } from "./format.js";

const width = 860;
const height = 170;
const left = 44;
const base = height - 24;
const top = 16;
const verdicts = ["fraud", "legitimate", "unsure"];

// stackedDays draws alerts per day, and within each bar how many of them were decided how.
export function stackedDays(days) {
  if (days.length === 0) return h("p", { class: "hint" }, "No alerts yet.");
  const y = scale(Math.max(...days.map((d) => d.alerts)));
  const slot = (width - left) / Math.max(days.length, 7);
  const bars = days.map((d, i) => {
    const x = left + i * slot + slot * 0.15;
    let from = 0;
    const part = (kind, n) => {
      const r = svg("rect", { class: kind, x, width: slot * 0.7, y: y(from + n), height: y(from) - y(from + n) });
      from += n;
      return r;
    };
    const rest = Math.max(0, d.alerts - d.fraud - d.legitimate - d.unsure);
    return svg("g", {}, svg("title", {}, dayWords(d)), verdicts.map((v) => part(v, d[v])), part("rest", rest),
      (days.length <= 10 || i % 5 === 0) && svg("text", { x: x + slot * 0.35, y: height - 6, "text-anchor": "middle" }, calendarDay(d.day)));
  });
  const legend = h("ul", { class: "legend" }, [...verdicts, "rest"].map((v) => h("li", {}, h("span", { class: `key ${v}`, "aria-hidden": "true" }), v === "rest" ? "not decided" : v)));
  return h("figure", {}, svg("svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Alerts per day. ${days.slice(-7).map(dayWords).join("; ")}` }, grid(y), bars), legend);
}

const dayWords = (d) => `${calendarDay(d.day)}: ${plural(d.alerts, "alert")}, ${verdicts.map((v) => `${count(d[v])} ${v}`).join(", ")}`;

// histogram draws how many alerts have which score.
export function histogram(scores) {
  if (scores.length === 0) return h("p", { class: "hint" }, "No alerts yet.");
  const y = scale(Math.max(...scores.map((s) => s.count)));
  const slot = (width - left) / scores.length;
  const range = (i) => `${scores[i].from} to ${scores[i + 1]?.from ?? 1}`;
  const bars = scores.map((s, i) => svg("g", {}, svg("title", {}, `${range(i)}: ${plural(s.count, "alert")}`),
    svg("rect", { class: "score", x: left + i * slot + 1, width: slot - 2, y: y(s.count), height: base - y(s.count) }),
    svg("text", { x: left + i * slot, y: height - 6, "text-anchor": "middle" }, s.from)));
  return h("figure", {}, svg("svg", { class: "bars", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Scores of alerts. ${scores.map((s, i) => `${range(i)}: ${s.count}`).join("; ")}` }, grid(y), bars));
}

function scale(greatest) {
  const most = Math.max(1, greatest);
  return Object.assign((n) => base - (n / most) * (base - top), { most });
}

const grid = (y) => [...new Set([0, Math.round(y.most / 2), y.most])].map((n) => svg("g", { class: "axis" },
  svg("line", { x1: left, x2: width, y1: y(n), y2: y(n) }), svg("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, count(n))));
