// The overview: how much there is to do, how good the alerts are, and how the service is.
import { h, redraw } from "./dom.js";
import * as api from "./api.js";
import { histogram, perDay } from "./bars.js";
import { count, number, percent, plural, roughMoney } from "./format.js";

const every = 15_000;

// overview returns the page's element, and leave, which ends its updates.
export function overview() {
  const element = h("section", { class: "overview", tabindex: 0, "aria-label": "Overview", "aria-busy": "true" }, h("h2", {}, "Overview"), h("p", { class: "waiting" }, "Loading…"));
  let timer;
  let left = false;
  const read = async () => {
    try {
      const stats = await api.stats();
      if (!left) draw(element, stats);
    } catch (error) {
      if (!left) failed(element, error);
    }
    element.removeAttribute("aria-busy");
    if (!left) timer = setTimeout(read, every);
  };
  read();
  return {
    element,
    leave: () => {
      left = true;
      clearTimeout(timer);
    },
  };
}

function failed(element, error) {
  if (element.querySelector(".cards")) return; // the last figures stay; the light in the header tells
  redraw(element, h("h2", {}, "Overview"), h("p", { class: "waiting failed", role: "alert" }, `The figures could not be read: ${error.message}.`));
}

function draw(element, s) {
  const days = s.alerts_per_day ?? [];
  const today = days.find((d) => d.day === new Date().toISOString().slice(0, 10)) ?? { alerts: 0, fraud: 0, legitimate: 0, unsure: 0 };
  redraw(element, h("h2", {}, "Overview"), h("dl", { class: "cards" },
    card("Open cases", count(s.open), `${count(s.claimed)} claimed, ${count(s.snoozed)} snoozed`),
    card("Money at stake", roughMoney(s.money_open, s.currency), "in open cases"),
    card("Precision", percent(s.precision_30d), s.precision_30d === null || s.precision_30d === undefined ? "no case is closed yet" : "of the cases closed in 30 days are fraud"),
    card("Alerts today", count(today.alerts), `${plural(today.fraud + today.legitimate + today.unsure, "case")} closed`),
    s.latency_ms !== undefined && s.latency_ms !== null && card("Latency", latency(s.latency_ms), "from transaction to decision"),
    s.lag !== undefined && s.lag !== null && card("Lag", count(s.lag), "records still to read"),
    s.dead_letters !== undefined && s.dead_letters !== null && card("Dead letters", count(s.dead_letters), "records that were no transactions"),
    card("Model", s.model || "–", "that scores now", "long")),
  h("section", { "aria-label": "Alerts and closed cases per day" }, h("h3", {}, "Alerts and closed cases per day"), perDay(days)),
  h("section", { "aria-label": "Scores of open cases" }, h("h3", {}, "Scores of open cases"), histogram(s.scores ?? [])),
  h("p", { class: "hint" }, "Days are counted in UTC."));
}

const latency = (l) => (typeof l === "object" ? Object.entries(l).map(([k, v]) => `${k} ${number(v)} ms`).join(", ") : `${number(l)} ms`);
const card = (name, value, words, kind = "") => h("div", { class: `card ${kind}` }, h("dt", {}, name), h("dd", {}, value), words && h("dd", { class: "hint" }, words));
