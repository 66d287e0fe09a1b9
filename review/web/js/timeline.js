// The account's timeline as a picture: amounts over time, and how far from its usual place each payment was.
import { svg, h } from "./dom.js";
import { pictureWidth } from "./bars.js";
import { kilometres } from "./events.js";
import { clockTime, day, distance, money, plural, roughMoney, time } from "./format.js";

const left = 64;
const right = 16;
const top = 16;
const amountsHeight = 120;
const placesHeight = 48;
const gap = 26;
const ranges = [["Around this one", Infinity], ["All", Infinity], ["7 days", 7 * 86_400_000], ["24 hours", 86_400_000], ["1 hour", 3_600_000]];
const spans = [["1 min", 60_000], ["10 min", 600_000], ["1 hour", 3_600_000], ["6 hours", 21_600_000], ["1 day", 86_400_000], ["7 days", 604_800_000], ["30 days", 2_592_000_000]];

// around is the range to begin with.
export const around = ranges[0][0];

// timelinePicture draws events around the marked one. chosen is the range in effect, and choose(label) asks for another.
export function timelinePicture(events, marked, chosen, choose) {
  const length = ranges.find(([label]) => label === chosen)?.[1] ?? Infinity;
  const shown = events.filter((e) => Math.abs(e.at - marked.at) <= length);
  const buttons = h("div", { class: "ranges", role: "group", "aria-label": "How much of the timeline" }, ranges.map(([label]) =>
    h("button", { type: "button", class: "quiet", "aria-pressed": String(label === chosen), "data-keep": `range ${label}`, onclick: () => choose(label) }, label)));
  return h("figure", { class: "timeline" }, buttons, picture(shown, events, marked, chosen === around), h("figcaption", {}, caption(shown, marked)));
}

function picture(shown, all, marked, spread) {
  const width = pictureWidth();
  const usual = usualPlace(all.filter((e) => e !== marked));
  const located = usual ? shown.filter((e) => e.place) : [];
  const height = top + amountsHeight + (located.length ? gap + placesHeight : 0) + 28;
  const x = spread ? spreadScale(shown, marked, width) : timeScale(shown, marked, width);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": caption(shown, marked) },
    timeAxis(x, height), amounts(shown, marked, x), located.length > 0 && places(located, usual, marked, x));
}

function timeScale(shown, marked, width) {
  const times = shown.map((e) => e.at);
  let from = Math.min(...times, marked.at);
  let to = Math.max(...times, marked.at);
  if (to - from < 60_000) [from, to] = [from - 30_000, to + 30_000];
  const scale = (at) => left + 8 + ((at - from) / (to - from)) * (width - left - right - 16);
  const n = width > 600 ? 5 : 3;
  const ticks = Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
  return Object.assign(scale, { end: width - right, ticks: ticks.map((at) => [at, to - from > 2 * 86_400_000 ? day(at) : clockTime(at)]) });
}

// spreadScale gives the seconds around the marked payment as much room as the weeks before, so that a burst is seen apart
// and still beside what is usual: the logarithm of how far away in time an event is, to both sides.
function spreadScale(shown, marked, width) {
  const place = (at) => Math.sign(at - marked.at) * Math.log1p(Math.abs(at - marked.at) / 10_000);
  const places = shown.map((e) => place(e.at));
  const from = Math.min(...places, -1);
  const to = Math.max(...places, 0);
  const scale = (at) => left + 12 + ((place(at) - from) / (to - from)) * (width - left - right - 24);
  const both = [...spans.map(([words, length]) => [marked.at - length, `${words} before`]).reverse(), [marked.at, "this one"], ...spans.map(([words, length]) => [marked.at + length, `${words} after`])];
  const inside = both.filter(([at]) => place(at) >= from && place(at) <= to);
  return Object.assign(scale, { end: width - right, ticks: apart(inside, scale, marked.at) });
}

// apart leaves out labels that would overlap, and keeps that of the marked payment.
function apart(ticks, scale, keep) {
  const kept = [scale(keep)];
  const room = 84;
  return ticks.filter(([at]) => {
    if (at === keep) return true;
    const free = kept.every((x) => Math.abs(x - scale(at)) >= room);
    if (free) kept.push(scale(at));
    return free;
  });
}

function timeAxis(x, height) {
  const anchor = (at) => (x(at) > x.end - 40 ? "end" : x(at) < left + 40 ? "start" : "middle");
  return svg("g", { class: "axis" }, x.ticks.map(([at, words]) => svg("text", { x: x(at), y: height - 5, "text-anchor": anchor(at) }, words)));
}

// amounts draws a stem per event. The axis is in the marked payment's currency; an amount in another has no place on it, and
// is a hollow mark on the base line.
function amounts(shown, marked, x) {
  const comparable = (e) => e.currency === marked.currency;
  const values = shown.filter(comparable).map((e) => e.amount);
  const greatest = niceAbove(Math.max(...values, marked.amount, 0));
  const least = Math.min(0, ...values);
  const y = (amount) => top + ((greatest - amount) / (greatest - least || 1)) * amountsHeight;
  const grid = [0, greatest / 2, greatest].map((v) => svg("g", { class: "axis" },
    svg("line", { x1: left, x2: x.end, y1: y(v), y2: y(v) }), svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, roughMoney(v, marked.currency))));
  const marks = [...shown].sort((a, b) => (a === marked) - (b === marked)).map((e) => {
    const at = comparable(e) ? y(e.amount) : y(0);
    const kind = `event ${e === marked ? "this" : e.alert ? "alerted" : ""} ${e.type} ${comparable(e) ? "" : "foreign"}`;
    return svg("g", { class: kind }, svg("title", {}, words(e)), svg("line", { x1: x(e.at), x2: x(e.at), y1: y(0), y2: at }),
      svg("circle", { cx: x(e.at), cy: at, r: e === marked ? 6 : 4 }), e === marked && svg("circle", { class: "ring", cx: x(e.at), cy: at, r: 11 }));
  });
  return svg("g", {}, grid, marks);
}

// places draws the distance of each located event from where the account usually is.
function places(located, usual, marked, x) {
  const base = top + amountsHeight + gap + placesHeight;
  const far = located.map((e) => kilometres(usual, e.place));
  const greatest = niceAbove(Math.max(...far, 10));
  const y = (km) => base - (km / greatest) * placesHeight;
  const points = located.map((e, i) => `${x(e.at)},${y(far[i])}`).join(" ");
  return svg("g", {}, [0, greatest].map((v) => svg("g", { class: "axis" },
    svg("line", { x1: left, x2: x.end, y1: y(v), y2: y(v) }), svg("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, distance(v)))),
  svg("text", { class: "lane", x: left + 4, y: base - placesHeight - 6 }, "from the usual place"),
  svg("polyline", { class: "way", points }), located.map((e, i) => svg("g", { class: `event ${e === marked ? "this" : e.alert ? "alerted" : ""}` },
    svg("title", {}, `${words(e)}, ${distance(far[i])} from the usual place`), svg("circle", { cx: x(e.at), cy: y(far[i]), r: e === marked ? 5 : 3 }))));
}

// usualPlace is the median of where the account was: one journey does not move it.
function usualPlace(events) {
  const located = events.filter((e) => e.place).map((e) => e.place);
  if (located.length === 0) return null;
  const middle = (i) => located.map((p) => p[i]).sort((a, b) => a - b)[Math.floor(located.length / 2)];
  return [middle(0), middle(1)];
}

const words = (e) => [time(e.at), money(e.amount, e.currency), e.type, e.merchant].filter(Boolean).join(", ");

function caption(shown, marked) {
  const others = shown.filter((e) => e !== marked && e.currency === marked.currency && e.amount > 0);
  const start = `${plural(shown.length, "event")}; the marked one is ${money(marked.amount, marked.currency)}`;
  if (others.length === 0) return `${start}, with none to compare.`;
  const rank = others.filter((e) => e.amount >= marked.amount).length;
  return `${start}, ${rank === 0 ? "the largest shown" : `${plural(rank, "other")} as large or larger`}.`;
}

// niceAbove is the next of 1, 2 and 5 times a power of ten.
function niceAbove(v) {
  if (v <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 5, 10].map((m) => m * power).find((n) => n >= v * 0.999);
}
