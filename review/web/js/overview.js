// The overview: how much there is to do, how good the alerts are, and how the service is.
import { h, redraw } from "./dom.js";
import * as api from "./api.js";
import { histogram, perDay } from "./bars.js";
import { ago, count, none, number, percent, plural, roughMoney, time } from "./format.js";

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
    card("Precision", percent(s.precision_30d), s.precision_30d === null ? "no case is closed yet" : "of the cases closed in 30 days are fraud"),
    card("Alerts today", count(today.alerts), `${plural(today.fraud + today.legitimate + today.unsure, "case")} closed`)),
  pipeline(s),
  h("section", { "aria-label": "Alerts and closed cases per day" }, h("h3", {}, "Alerts and closed cases per day"), perDay(days)),
  h("section", { "aria-label": "Scores of open cases" }, h("h3", {}, "Scores of open cases"), histogram(s.scores ?? [])),
  h("p", { class: "hint" }, "Days are counted in UTC."));
}

// pipeline is how those that decide do, as they say of themselves.
function pipeline(s) {
  const p = s.pipeline;
  const known = p.lag !== null;
  return h("section", { "aria-label": "Pipeline", class: `pipeline ${p.state}` }, h("h3", {}, "Pipeline"), h("p", { class: "state" }, stateWords(p)),
    h("dl", { class: "cards" },
      card("Decisions", known ? rough(p.rate) : none, known ? "per second, lately" : "not known"),
      card("Latency", p.p99_ms === null ? none : milliseconds(p.p99_ms), !known ? "not known" : p.p99_ms === null ? "nothing was decided lately" : `for 99 of 100, ${milliseconds(p.p50_ms)} for half`),
      card("Lag", count(p.lag), known ? (p.lag ? `records wait; ${seconds(p.lag_seconds)} behind` : "nothing waits") : "not known", p.lag_seconds > 10 ? "warned" : ""),
      card("Dead letters", count(p.dead_letters), known ? "since the start" : "not known", p.dead_letters > 0 ? "warned" : ""),
      card("Model", s.model || none, p.policies.length ? `policy ${p.policies.join(", ")}` : s.model ? "of the newest alert" : "not known", "long")),
    p.refused.length > 0 && h("p", { class: "warning" }, `Refused by an instance: ${p.refused.join(", ")}. weir doctor says why.`));
}

function stateWords(p) {
  const gone = p.silent > 0 && `; ${count(p.silent)} more ended without a goodbye`;
  switch (p.state) {
    case "running": return [`${plural(p.instances, "instance")}, as of ${ago(p.as_of)}`, gone];
    case "silent": return h("strong", { class: "warning" }, `No instance has said anything since ${time(p.as_of)}: these are the last figures.`);
    case "stopped": return h("strong", { class: "warning" }, "No instance runs: nothing is decided.");
    default: return h("strong", { class: "warning" }, "The control topic cannot be read, so it is not known how the pipeline does.");
  }
}

const rough = (n) => number(n >= 10 ? Math.round(n) : Math.round(n * 10) / 10);
const milliseconds = (ms) => (ms >= 1000 ? seconds(ms / 1000) : `${rough(ms)} ms`);
const seconds = (s) => `${rough(s)} s`;
const card = (name, value, words, kind = "") => h("div", { class: `card ${kind}` }, h("dt", {}, name), h("dd", {}, value), words && h("dd", { class: "hint" }, words));
