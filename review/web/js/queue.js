// The queue at the left: filters, rows, what is selected, what is new.
import { h, find, redraw } from "./dom.js";
import { ago, briefTime, count, money, plural, score, time } from "./format.js";

const orders = [["risk", "Risk"], ["money", "Money at risk"], ["age", "Newest alert"]];
const views = [["open", "Open"], ["free", "Unclaimed"], ["mine", "Mine"], ["snoozed", "Snoozed"], ["closed", "Closed"]];
const severities = [["", "Any severity"], ["medium", "Medium and high"], ["high", "High"]];

// QueueView draws a List. The actions are those of the page: open(id), select(id), filter(changes), refresh, more, clear,
// dispose(label), leaveSearch.
export class QueueView {
  #list;
  #actions;
  #me;
  #rows = h("ol", { class: "rows", "aria-label": "Cases" });
  #head = h("div", { class: "summary" });
  #news = h("div", { class: "news" });
  #bulk = h("div", { class: "bulk", role: "group", "aria-label": "Selected cases", hidden: true });
  #filters;

  constructor(list, me, actions) {
    this.#list = list;
    this.#me = me;
    this.#actions = actions;
    const choose = (name, label, options) => h("select", {
      "aria-label": label,
      onchange: (event) => {
        event.target.blur();
        actions.filter({ [name]: event.target.value });
      },
    }, options.map(([value, text]) => h("option", { value, selected: (list.filter[name] ?? "") === value }, text)));
    this.#filters = h("div", { class: "filters" }, choose("view", "Which cases", views), choose("order", "Order", orders), choose("severity", "Severity", severities));
    this.element = h("section", { class: "queue", "aria-label": "Queue" }, this.#filters, this.#head, this.#news, this.#rows, this.#bulk);
    this.#rows.addEventListener("scroll", () => {
      const r = this.#rows;
      if (r.scrollTop + r.clientHeight > r.scrollHeight - 400) actions.more();
    });
  }

  draw() {
    const l = this.#list;
    this.#filters.hidden = l.sought !== "";
    this.#drawHead();
    redraw(this.#news, l.news.size > 0 && h("button", { type: "button", class: "quiet", onclick: this.#actions.refresh },
      `${plural(l.news.size, "new case")} `, h("kbd", {}, ".")));
    if (l.state === "loading") redraw(this.#rows, skeleton());
    else if (l.state === "failed") redraw(this.#rows, this.#failed());
    else if (l.cases.length === 0) redraw(this.#rows, h("li", { class: "empty" }, this.#emptyText()));
    else redraw(this.#rows, l.cases.map((c) => this.#row(c)), l.hasMore && h("li", { class: "empty" }, "…"));
    this.#drawBulk();
  }

  #drawHead() {
    const l = this.#list;
    if (l.sought) {
      redraw(this.#head, h("h2", {}, `“${l.sought}”`), h("button", { type: "button", class: "quiet", onclick: this.#actions.leaveSearch }, "Back to the queue ", h("kbd", {}, "Esc")));
      return;
    }
    const size = l.state === "ready" ? `${count(l.size)}${l.sizeCapped ? "+" : ""} ${l.size === 1 ? "case" : "cases"}` : "Cases";
    redraw(this.#head, h("h2", {}, size), l.filter.account && h("button", { type: "button", class: "quiet", onclick: () => this.#actions.filter({ account: "" }) }, `of ${l.filter.account} ✕`));
  }

  #row(c) {
    const l = this.#list;
    const current = c.id === l.current;
    const box = h("input", {
      type: "checkbox", tabindex: -1, "aria-label": `Select ${c.account_id}`, "data-keep": `box ${c.id}`,
      onclick: () => this.#actions.select(c.id),
    });
    box.checked = l.selected.has(c.id);
    return h("li", { class: "row", data: { id: c.id, severity: c.severity, state: c.state, current, selected: box.checked } },
      this.#me.mayWrite && h("label", { class: "tick" }, box),
      h("a", { href: `#/case/${c.id}`, "aria-current": current ? "true" : null, tabindex: current || (!l.current && c === l.cases[0]) ? 0 : -1, "data-keep": `row ${c.id}` },
        h("span", { class: "line" }, h("b", {}, c.account_id), h("span", { class: "amount" }, money(c.money_at_risk, c.currency))),
        h("span", { class: "line" }, h("span", { class: "reason" }, c.reason), h("time", { datetime: c.touched, title: time(c.touched) }, ago(c.touched))),
        h("span", { class: "line tags" }, h("span", { class: "severity" }, c.severity), h("span", { class: "score" }, score(c.score)),
          c.alerts > 1 && h("span", {}, plural(c.alerts, "alert")), h("span", { class: "of" }, this.#stateOf(c)))));
  }

  #stateOf(c) {
    if (c.state === "closed") return c.disposition ? `${c.disposition}, ${c.closed_by}` : "closed";
    if (c.owner) return c.owner === this.#me.name ? "yours" : c.owner;
    if (c.snoozed_until) return `until ${briefTime(c.snoozed_until)}`;
    return "";
  }

  #drawBulk() {
    const n = this.#list.selected.size;
    this.#bulk.hidden = n === 0;
    if (n === 0) return;
    const button = (label, key) => h("button", { type: "button", class: label, "data-keep": `all ${label}`, onclick: () => this.#actions.dispose(label) }, `${label} `, h("kbd", {}, key));
    redraw(this.#bulk, h("b", {}, `${count(n)} selected`), h("button", { type: "button", class: "quiet", onclick: this.#actions.clear }, "Clear ", h("kbd", {}, "Esc")),
      h("div", {}, button("fraud", "f"), button("legitimate", "l"), button("unsure", "u")));
  }

  #emptyText() {
    const l = this.#list;
    if (l.sought) return "Nothing found. Search for an account, a transaction, an alert or a merchant.";
    if (l.filter.severity || l.filter.account) return "No case fits these filters.";
    return { open: "Nothing to look at. New cases appear here by themselves.", free: "Every open case is claimed.", mine: "You have claimed none.", snoozed: "Nothing is snoozed.", closed: "Nothing is closed yet." }[l.filter.view];
  }

  #failed() {
    return h("li", { class: "empty failed" }, h("p", {}, `The queue could not be read: ${this.#list.error.message}.`),
      h("button", { type: "button", onclick: this.#actions.refresh }, "Try again"));
  }

  // follow moves the row of the current case into sight, and the focus to it if the focus was in the queue or nowhere.
  follow() {
    const row = find(`.row[data-id="${CSS.escape(String(this.#list.current))}"]`, this.#rows);
    if (!row) return;
    row.scrollIntoView({ block: "nearest" });
    if (document.activeElement === document.body || this.element.contains(document.activeElement)) find("a", row).focus({ preventScroll: true });
  }
}

const skeleton = () => Array.from({ length: 8 }, () => h("li", { class: "row ghost", "aria-hidden": "true" }, h("span"), h("span")));
