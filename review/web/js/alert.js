// One alert of a case: why, what, the account's timeline, the features, and the events behind them.
import { h } from "./dom.js";
import { behind, fromTransaction, kilometres, merge, ofAlert } from "./events.js";
import { ago, distance, money, number, score, span, time } from "./format.js";
import { around, timelinePicture } from "./timeline.js";

// alertView draws an alert. view holds what the reader has chosen, {feature, range, sought}, and change(view) redraws;
// timeline is the account's events, [] until they are known.
export function alertView(alert, timeline, view, change) {
  const all = merge(ofAlert(alert), timeline);
  const payment = all.find((e) => e.alert === alert.alert_id) ?? fromTransaction(alert.transaction, alert.alert_id);
  return [
    lead(payment, alert.action),
    why(alert, view, change),
    picture(all, payment, view, change),
    h("section", { class: "payment", "aria-label": "Payment" }, h("h3", {}, "More of this payment"), paymentFacts(alert, payment, all)),
    features(alert, view, change),
    events(all, payment),
  ];
}

// briefView draws an alert that is not read, as far as the timeline tells of it: it is being read, or failure says why it could
// not be, and again() tries once more.
export function briefView(hit, timeline, view, change, failure, again) {
  const payment = timeline.find((e) => e.alert === hit.id);
  const words = failure ? h("div", { class: "failed" }, h("p", {}, `The alert could not be read: ${failure.message}.`), h("button", { type: "button", "data-keep": "read alert", onclick: again }, "Try again"))
    : h("p", { class: "hint" }, "Being read …");
  return [payment ? lead(payment) : h("p", { class: "lead" }, time(hit.at)), whySection(words), payment && picture(timeline, payment, view, change)];
}

// lead is the payment in one line.
function lead(payment, action) {
  return h("p", { class: "lead" }, h("b", {}, money(payment.amount, payment.currency)), ` ${payment.type}`, payment.merchant && [" at ", h("b", {}, payment.merchant)], payment.category && `, ${payment.category}`,
    `, ${time(payment.at)}`, action && h("span", { class: "done" }, action));
}

const whySection = (...reasons) => h("section", { class: "why", "aria-label": "Why it was flagged" }, h("h3", {}, "Why it was flagged"), reasons);

const picture = (all, payment, view, change) => h("section", { "aria-label": "Timeline" }, h("h3", {}, "The account’s timeline"),
  timelinePicture(all, payment, view.range ?? around, (range) => change({ range })));

function why(alert, view, change) {
  const reasons = alert.reasons ?? [];
  const most = Math.max(...reasons.map((r) => r.contribution ?? 0));
  const known = most > 0;
  const rows = reasons.map((r, i) => {
    const asked = r.feature && view.feature === r.feature && view.from === "why";
    const bar = known && h("span", { class: "bar", "aria-hidden": "true" }, h("span", { class: "fill" }));
    if (bar) bar.firstChild.style.width = `${Math.max(1, (100 * (r.contribution ?? 0)) / most)}%`;
    return h("li", {}, h("p", { class: "text" }, r.text || r.title),
      h("p", { class: "weight" }, bar, known && r.contribution > 0 && h("span", { class: "odds", title: `contribution ${r.contribution} in log-odds` }, oddsWords(r.contribution)),
        r.feature && h("button", { type: "button", class: "link", "aria-expanded": String(Boolean(asked)), "data-keep": `why ${i}`, onclick: () => change({ feature: asked ? null : r.feature, from: "why" }) },
          `${r.feature} ${number(r.value)}`)), asked && behindView(r.feature, alert));
  });
  return whySection(rows.length ? h("ol", { class: "reasons" }, rows) : h("p", { class: "hint" }, "No reason was recorded."));
}

// oddsWords says what a contribution in log-odds does to the odds of fraud.
function oddsWords(contribution) {
  const factor = Math.exp(contribution);
  return `odds ×${factor >= 10 ? Math.round(factor) : factor.toFixed(1)}`;
}

function paymentFacts(alert, payment, all) {
  const t = alert.transaction;
  const previous = all.filter((e) => e.at < payment.at);
  const last = previous.at(-1);
  const lastPlace = previous.filter((e) => e.place).at(-1);
  const facts = [
    ["Event before", last && `${span(payment.at - last.at)} earlier`],
    ["From last place", payment.place && lastPlace && `${distance(kilometres(payment.place, lastPlace.place))}, ${span(payment.at - lastPlace.at)} later`],
    ["Place", payment.place && payment.place.map((d) => d.toFixed(3)).join(", ")],
    ...Object.entries(t.attributes ?? {}), ["Marks", (alert.marks ?? []).join(", ")],
    ["Score", `${score(alert.score)} by ${alert.model}`], ["Transaction", t.transaction_id], ["Alert made", h("time", { title: time(alert.timestamp) }, ago(alert.timestamp))],
  ];
  return h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function features(alert, view, change) {
  const shares = new Map((alert.reasons ?? []).flatMap((r) => Object.keys(r.features ?? (r.feature ? { [r.feature]: r.value } : {})).map((name) => [name, r.title ?? r.code])));
  const list = Object.entries(alert.features ?? {}).sort(([a], [b]) => shares.has(b) - shares.has(a));
  const rows = list.flatMap(([name, value]) => {
    const asked = view.feature === name && view.from === "table";
    const row = h("tr", { class: shares.has(name) ? "telling" : null },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", "aria-expanded": String(asked), "data-keep": `feature ${name}`, onclick: () => change({ feature: asked ? null : name, from: "table" }) }, name)),
      h("td", { class: "number" }, number(value)), h("td", {}, shares.get(name) ?? ""));
    return asked ? [row, h("tr", {}, h("td", { colspan: 3 }, behindView(name, alert)))] : [row];
  });
  return h("details", { class: "features", "data-keep": "features", open: Boolean(view.feature && view.from === "table") }, h("summary", { "data-keep": "features summary" }, `Features (${list.length}) `, h("kbd", {}, "v")),
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Feature"), h("th", { scope: "col", class: "number" }, "Value"), h("th", { scope: "col" }, "Part of"))), h("tbody", {}, rows))));
}

function behindView(feature, alert) {
  const { events: list, words, payment } = behind(feature, alert);
  return h("div", { class: "behind" }, h("p", {}, `${words}${list.length ? ` (${list.length})` : ""}.`), list.length > 0 && eventTable([...list].reverse(), payment));
}

function events(all, payment) {
  return h("details", { class: "events", "data-keep": "events" }, h("summary", { "data-keep": "events summary" }, `Events (${all.length}) `, h("kbd", {}, "e")), eventTable([...all].reverse(), payment));
}

// eventTable lists events, the newest first; they are also what the timeline's picture says, in words.
function eventTable(list, payment) {
  const rows = list.map((e) => h("tr", { class: e === payment || (e.at === payment.at && e.amount === payment.amount) ? "this" : null },
    h("td", {}, time(e.at)), h("td", { class: "number" }, money(e.amount, e.currency)), h("td", {}, e.type), h("td", {}, e.merchant), h("td", {}, e.category),
    h("td", { class: "number" }, e.place && payment.place ? distance(kilometres(e.place, payment.place)) : ""), h("td", {}, e.alert ? (e.alert === payment.alert ? "this one" : "alert") : "")));
  const heads = [["When"], ["Amount", "number"], ["Type"], ["Merchant"], ["Category"], ["Away", "number"], [""]];
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, heads.map(([text, kind]) => (text ? h("th", { scope: "col", class: kind }, text) : h("td"))))), h("tbody", {}, rows)));
}
