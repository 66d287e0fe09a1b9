// The cases on show, in an order that only the reader changes: what others do is marked in place, and what is new waits
// until it is asked for.
import * as api from "./api.js";

const pageSize = 50;

export class List {
  filter = { order: "risk", view: "open" };
  cases = [];
  selected = new Set();
  current = null; // id
  size = 0;
  sizeCapped = false;
  sought = ""; // what was searched for, "" for a queue
  state = "loading"; // or "ready", "failed"
  error = null;
  news = new Set(); // ids of cases that are not on show yet
  #next = "";
  #reading = null;
  #turn = 0; // counts loads: the answer to an older one is dropped

  index(id) {
    return this.cases.findIndex((c) => c.id === id);
  }

  get(id) {
    return this.cases.find((c) => c.id === id);
  }

  // load reads the list from its beginning. The selection and the current case stay where they are still on it. It throws
  // where there is a list already that stays.
  async load() {
    const turn = ++this.#turn;
    this.#reading = null;
    if (this.cases.length === 0) this.state = "loading";
    try {
      const page = this.sought ? await api.search(this.sought) : await api.queue(this.filter, "", pageSize);
      if (turn !== this.#turn) return;
      this.cases = page.cases ?? [];
      this.#next = page.next ?? "";
      this.size = page.size ?? this.cases.length;
      this.sizeCapped = page.size_capped ?? false;
      this.news.clear();
      this.selected = new Set([...this.selected].filter((id) => this.get(id)));
      this.state = "ready";
    } catch (error) {
      if (turn !== this.#turn) return;
      if (this.cases.length > 0) throw error; // what is on show stays
      this.state = "failed";
      this.error = error;
    }
  }

  get hasMore() {
    return this.#next !== "";
  }

  // more appends the next page, once however often it is called meanwhile.
  more() {
    if (!this.hasMore || this.sought) return Promise.resolve();
    const turn = this.#turn;
    this.#reading ??= api.queue(this.filter, this.#next, pageSize).then((page) => {
      if (turn !== this.#turn) return;
      this.cases.push(...page.cases.filter((c) => !this.get(c.id)));
      this.#next = page.next ?? "";
    }).finally(() => {
      if (turn === this.#turn) this.#reading = null;
    });
    return this.#reading;
  }

  // put replaces a case that is on show by a newer version of it.
  put(c) {
    const i = this.index(c.id);
    if (i >= 0 && this.cases[i].version <= c.version) this.cases[i] = summary(c);
    return i >= 0;
  }

  // take removes cases and returns what puts them back to where they were.
  take(ids) {
    const before = [...this.cases];
    const gone = new Set(ids);
    this.cases = this.cases.filter((c) => !gone.has(c.id));
    this.size = Math.max(0, this.size - (before.length - this.cases.length));
    for (const id of ids) this.selected.delete(id);
    return () => {
      const now = new Map(this.cases.map((c) => [c.id, c]));
      const known = new Set(before.map((c) => c.id));
      const back = before.filter((c) => now.has(c.id) || gone.has(c.id)).map((c) => now.get(c.id) ?? c);
      this.size += back.length - before.filter((c) => now.has(c.id)).length;
      this.cases = [...back, ...this.cases.filter((c) => !known.has(c.id))];
    };
  }

  // insert shows a case that was reopened at the top, which is where the reader looks for it.
  insert(c) {
    if (!this.put(c)) {
      this.cases.unshift(summary(c));
      this.size++;
    }
  }

  // beside returns the id of the case a number of places from another one, skipping those that are done with.
  beside(id, step) {
    let i = this.index(id);
    if (i < 0) return this.cases[0]?.id ?? null;
    do i += step; while (this.cases[i] && this.#done(this.cases[i]));
    return this.cases[i]?.id ?? null;
  }

  // successor is the case to look at once the given ones are gone: the next below, else the next above.
  successor(id, without) {
    const left = (c) => !without.has(c.id) && !this.#done(c);
    const i = Math.max(0, this.index(id));
    return (this.cases.slice(i).find(left) ?? this.cases.slice(0, i).findLast(left))?.id ?? null;
  }

  #done(c) {
    return c.state === "closed" && this.filter.view !== "closed" && !this.sought;
  }

  // refresh reads the first page again, updates what is on show, and notes what is new: what is not on show although it
  // belongs above the last that is. The ones that are being changed do not count.
  async refresh(changing) {
    if (this.sought || this.state !== "ready") return;
    const turn = this.#turn;
    const page = await api.queue(this.filter, "", pageSize);
    if (turn !== this.#turn) return;
    this.size = page.size ?? this.size;
    this.sizeCapped = page.size_capped ?? false;
    const last = this.hasMore ? page.cases.findLastIndex((c) => this.get(c.id)) : Infinity;
    this.news.clear();
    page.cases.forEach((c, i) => {
      if (!this.put(c) && i < last && !changing.has(c.id)) this.news.add(c.id);
    });
  }
}

// summary is a case without what only its detail has, which may be large.
const summary = ({ alerts, alert_count, earlier, notes, related, audit, labels, lists, ...c }) => ({ ...c, alerts: alert_count ?? alerts });
