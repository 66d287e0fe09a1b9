// The case at the right: what to decide, with everything needed for it in sight.
import { h, find, redraw } from "./dom.js";
import { alertView, briefView } from "./alert.js";
import { Hits } from "./hits.js";
import { listsSection } from "./lists.js";
import { ago, briefTime, clockTime, money, plural, score, time } from "./format.js";

// CaseView draws a case. The actions are those of the page: does(name) as the keys have them, filter(changes), readAlert(id,
// signal), and block(item) and remove(item) for lists.
export class CaseView {
  #me;
  #actions;
  #case = null;
  #timeline = [];
  #hits;
  #shown = null; // the one of the hits on show
  #view = {}; // what the reader unfolded and chose of it
  #body = h("div", { class: "body", tabindex: -1 });
  #bar = h("div", { class: "actions", role: "toolbar", "aria-label": "Decide" });

  constructor(me, actions) {
    this.#me = me;
    this.#actions = actions;
    this.#hits = new Hits(actions.readAlert, () => {
      this.#busy(this.#hits.waits);
      this.#draw();
    });
    this.element = h("section", { class: "case", id: "pane", "aria-label": "Case", tabindex: -1 }, this.#body, this.#bar);
  }

  get shown() {
    return this.#case;
  }

  // alert is the one on show, null while it is not read.
  get alert() {
    return this.#shown?.alert ?? null;
  }

  empty(text) {
    this.#leave();
    redraw(this.#bar);
    redraw(this.#body, h("p", { class: "waiting" }, text));
  }

  loading() {
    this.#hits.leave();
    this.#busy(true);
  }

  failed(error, again) {
    this.#leave();
    redraw(this.#bar);
    redraw(this.#body, h("div", { class: "waiting failed" }, h("p", {}, `The case could not be read: ${error.message}.`), h("button", { type: "button", onclick: again }, "Try again")));
  }

  #leave() {
    this.#case = null;
    this.#hits.leave();
    this.#busy(false);
  }

  #busy(yes) {
    if (yes) this.#body.setAttribute("aria-busy", "true");
    else this.#body.removeAttribute("aria-busy");
  }

  // show draws a case as it was read. Another case begins at its top and its strongest alert; the same one stays where it was.
  show(detail) {
    const another = this.#case?.id !== detail.id;
    this.#case = detail;
    if (another) {
      this.#timeline = [];
      this.#view = {};
      this.#shown = null;
    }
    this.#hits.take(detail, another);
    this.#busy(this.#hits.waits);
    this.#draw();
    if (another) this.#body.scrollTop = 0;
  }

  setTimeline(events) {
    this.#timeline = events;
    this.#draw();
  }

  focus() {
    find("h2", this.#body)?.focus({ preventScroll: true });
  }

  // turn shows another alert of the case.
  turn(step) {
    this.#hits.turn(step);
  }

  // unfold opens or closes one of the folded parts.
  unfold(name) {
    const part = find(`details.${name}`, this.#body);
    if (!part) return;
    part.open = !part.open;
    if (part.open) {
      find("summary", part).focus({ preventScroll: true });
      part.scrollIntoView({ block: "nearest" });
    }
  }

  #draw() {
    const c = this.#case;
    if (!c) return;
    const { list, chosen, waits, failure } = this.#hits;
    if (this.#shown?.id !== chosen?.id && !waits) this.#view = { range: this.#view.range };
    if (!waits) this.#shown = chosen;
    const alert = this.alert;
    const change = (changes) => {
      Object.assign(this.#view, changes);
      this.#draw();
    };
    redraw(this.#body, this.#head(c), list.length > 1 && this.#chips(list, chosen),
      alert ? alertView(alert, this.#timeline, this.#view, change) : this.#shown && briefView(this.#shown, this.#timeline, this.#view, change, failure, () => this.#hits.again()),
      listsSection(c, alert, this.#me.mayList, this.#actions), related(c), notes(c, this.#me.mayWrite && (() => this.#actions.does("note"))), record(c));
    redraw(this.#bar, this.#me.mayWrite && this.#buttons(c));
  }

  #head(c) {
    return h("header", { class: "head", data: { severity: c.severity } },
      h("h2", { tabindex: -1, "data-keep": "title" }, h("span", { class: "account" }, c.account_id), " ", h("span", { class: "severity" }, c.severity)),
      h("dl", {}, pair("At risk", money(c.money_at_risk, c.currency)), pair("Score", score(c.score)), pair("Alerts", c.alert_count), pair("Since", h("time", { title: time(c.oldest) }, briefTime(c.oldest)))),
      h("p", { class: "state" }, stateWords(c, this.#me.name), c.fresh > 0 && c.fresh < c.alert_count && h("span", { class: "fresh" }, `${plural(c.fresh, "new alert")} since it was looked at`),
        h("button", { type: "button", class: "link", "data-keep": "of account", onclick: () => this.#actions.filter({ account: c.account_id }) }, "all cases of this account")));
  }

  #chips(list, chosen) {
    const withheld = Math.max(0, list.length - 12);
    const shown = list.slice(withheld);
    if (!shown.some((hit) => hit.id === chosen.id)) shown.unshift(chosen);
    const oneDay = new Set(list.map((hit) => new Date(hit.at).toDateString())).size === 1;
    const when = oneDay ? clockTime : briefTime;
    const paid = new Map(this.#timeline.filter((e) => e.alert).map((e) => [e.alert, e]));
    return h("nav", { class: "chips", "aria-label": "Alerts of this case" }, shown.map((hit) => {
      const payment = hit.alert?.transaction ?? paid.get(hit.id);
      return h("button", {
        type: "button", "aria-pressed": String(hit.id === chosen.id), "data-keep": `alert ${hit.id}`, onclick: () => this.#hits.choose(hit.id), title: hit.alert?.reason ?? `score ${score(hit.score)}`,
      }, `${when(hit.at)} `, payment && h("b", {}, money(payment.amount, payment.currency)), hit.label && h("span", { class: `label ${hit.label.label}` }, hit.label.label));
    }),
    withheld > 0 && h("span", { class: "hint" }, `and ${plural(withheld, "earlier one")}: `), h("span", { class: "hint" }, h("kbd", {}, "["), " ", h("kbd", {}, "]")));
  }

  #buttons(c) {
    const button = (does, label, key, kind = "quiet") => h("button", { type: "button", class: kind, "data-keep": `do ${does}`, onclick: () => this.#actions.does(does) }, `${label} `, h("kbd", {}, key));
    if (c.state === "closed") return [button("reopen", "Reopen", "o", "main"), button("note", "Note", "n")];
    const mine = c.owner === this.#me.name;
    return [button("fraud", "Fraud", "f", "fraud"), button("legitimate", "Legitimate", "l", "legitimate"), button("unsure", "Unsure", "u", "unsure"),
      h("span", { class: "space" }), button("claim", mine ? "Give back" : "Claim", "c"), button("snooze", "Snooze", "s"), button("note", "Note", "n")];
  }
}

const pair = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

// stateWords goes by the server's clock: a claim or a snooze that has ended is none in its answer.
function stateWords(c, me) {
  if (c.state === "closed") return h("strong", { class: `label ${c.disposition}` }, `Closed as ${c.disposition} by ${c.closed_by}, ${ago(c.closed_at)}`);
  if (c.owner) return h("strong", {}, c.owner === me ? `Yours until ${briefTime(c.owned_until)}` : `${c.owner} works on it until ${briefTime(c.owned_until)}`);
  if (c.snoozed_until) return h("strong", {}, `Snoozed until ${briefTime(c.snoozed_until)}`);
  return h("span", {}, "Open");
}

function related(c) {
  const groups = (c.related ?? []).filter((g) => g.alerts?.length);
  const list = groups.map((g) => h("details", { "data-keep": `related ${g.entity} ${g.key}`, open: groups.length <= 2 }, h("summary", {}, `${g.entity}: `, g.key, h("span", { class: "tally" }, tally(g.alerts))),
    h("ul", { class: "related" }, g.alerts.map((a) => h("li", {}, h("a", { href: `#/case/${a.case_id}` }, a.account_id), h("time", { datetime: a.event_time, title: time(a.event_time) }, ago(a.event_time)),
      h("span", {}, score(a.score)), h("span", { class: `label ${a.disposition ?? ""}` }, a.disposition || "open"))))));
  return h("section", { "aria-label": "Related alerts" }, h("h3", {}, "Related alerts"), list.length ? list : h("p", { class: "hint" }, "No other account’s recent alerts share a merchant, a device or another attribute."));
}

// tally says how many of some alerts were decided how.
function tally(alerts) {
  const by = Map.groupBy(alerts, (a) => a.disposition || "open");
  return ["fraud", "legitimate", "unsure", "open"].filter((d) => by.has(d)).map((d) => `${by.get(d).length} ${d}`).join(", ");
}

function notes(c, write) {
  const list = c.notes ?? [];
  return h("section", { "aria-label": "Notes" }, h("h3", {}, "Notes"),
    list.length ? h("ul", { class: "notes" }, list.map((n) => h("li", {}, h("p", {}, n.body), h("p", { class: "hint" }, `${n.author}, ${time(n.at)}`)))) : h("p", { class: "hint" }, "None."),
    write && h("button", { type: "button", class: "quiet", "data-keep": "write note", onclick: write }, "Write a note ", h("kbd", {}, "n")));
}

// record is who did what to the case, the last first.
function record(c) {
  const list = [...(c.audit ?? [])].sort((a, b) => b.id - a.id).map((a) => h("li", {}, h("time", { datetime: a.at, title: ago(a.at) }, time(a.at)), h("b", {}, a.actor), h("span", {}, [a.action, a.detail].filter(Boolean).join(": "))));
  return h("section", { "aria-label": "History" }, h("h3", {}, "History"), list.length ? h("ol", { class: "record" }, list) : h("p", { class: "hint" }, "Nobody has done anything to this case yet."));
}
