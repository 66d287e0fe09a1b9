// The working page: the queue and the case beside it, and everything that is done to them.
import { h, find } from "./dom.js";
import * as api from "./api.js";
import { List } from "./list.js";
import { QueueView } from "./queue.js";
import { CaseView } from "./case.js";
import { fromTimeline } from "./events.js";
import { plural } from "./format.js";
import * as dialogs from "./dialogs.js";
import { blockable, name } from "./lists.js";

const readAfter = 120; // milliseconds: who holds j down does not read the cases passed
const mergeAfter = 1200; // between a change and reading the queue's beginning again
const labels = ["fraud", "legitimate", "unsure"];

// Work is the page for one person. say(text) tells in the status line, canUndo(whether) shows the button, go(hash)
// changes the address, and sought(text) is told what the queue was searched for.
export class Work {
  #me; #say; #canUndo; #go; #soughtChanged; #queue; #case; #timer; #merging; #reading;
  #openedAt = 0;
  #list = new List();
  #undos = []; // {words, done, back}, the last at the end; done is the answer to come, and back(answer) undoes
  #busy = new Set(); // ids that a request is under way for

  constructor(me, { say, canUndo, go, sought }) {
    this.#me = me;
    this.#say = say;
    this.#canUndo = canUndo;
    this.#go = go;
    this.#soughtChanged = sought;
    const does = (name) => this.act(name);
    const filter = (changes) => this.#filter(changes);
    this.#queue = new QueueView(this.#list, me, {
      filter, select: (id) => this.#select(id), refresh: () => this.#reload(), more: () => this.#more(),
      clear: () => this.#clear(), dispose: (label) => this.#dispose(label), leaveSearch: () => this.search(""),
    });
    this.#case = new CaseView(me, {
      does, filter, readAlert: (id, signal) => this.#readAlert(id, signal), block: (item) => this.#block(item), remove: (item) => this.#unlist(item),
    });
    this.element = h("div", { class: "work" }, this.#queue.element, this.#case.element);
  }

  async start(id) {
    this.#queue.draw();
    if (id !== null) this.open(id);
    await this.#reload();
  }

  // open shows a case; null shows the first of the queue on a wide window, and the queue itself on a narrow one.
  open(id) {
    this.element.classList.toggle("reading", id !== null);
    if (id === null && !narrow()) id = (this.#list.get(this.#list.current) ?? this.#list.cases[0])?.id ?? null;
    if (id !== null && id === this.#list.current && this.#case.shown?.id === id) return;
    this.#list.current = id;
    this.#queue.draw();
    this.#queue.follow();
    clearTimeout(this.#timer);
    this.#reading?.abort();
    if (id === null) return this.#case.empty(this.#list.state === "ready" && this.#list.cases.length === 0 ? "Nothing to look at." : "Choose a case.");
    this.#case.loading();
    const hurried = performance.now() - this.#openedAt < readAfter;
    this.#openedAt = performance.now();
    if (hurried) this.#timer = setTimeout(() => this.#read(id), readAfter);
    else this.#read(id);
  }

  async #read(id) {
    if (id !== this.#list.current) return; // it would end the reading of the one that is
    this.#reading?.abort();
    const { signal } = (this.#reading = new AbortController());
    try {
      const detail = await api.oneCase(id, signal);
      if (this.#list.current !== id) return;
      const fresh = this.#case.shown?.id !== id;
      this.#case.show(detail);
      if (this.#list.put(detail)) this.#queue.draw();
      if (fresh && this.element.classList.contains("reading") && narrow()) this.#case.focus();
      const timeline = await api.timeline(detail.account_id, signal);
      if (this.#list.current === id) this.#case.setTimeline(fromTimeline(timeline));
    } catch (error) {
      if (error.name === "AbortError" || this.#list.current !== id) return;
      if (this.#case.shown?.id === id) this.#say(`The timeline could not be read: ${error.message}.`);
      else this.#case.failed(error, () => this.#read(id));
    }
  }

  async #readAlert(id, signal) {
    try {
      return await api.oneAlert(id, signal);
    } catch (error) {
      if (error.name !== "AbortError") this.#say(`The alert could not be read: ${error.message}.`, "failed");
      throw error;
    }
  }

  // act does what a key or button says; false means that it does not apply.
  act(name) {
    const id = this.#list.current;
    if (labels.includes(name)) return this.#me.mayWrite && void this.#dispose(name);
    switch (name) {
      case "next": case "previous": return this.#move(name === "next" ? 1 : -1);
      case "read": return id !== null && (this.#go(`#/case/${id}`), this.element.classList.add("reading"), this.#case.focus());
      case "back": return this.#back();
      case "earlierAlert": case "laterAlert": return this.#case.turn(name === "laterAlert" ? 1 : -1);
      case "events": case "features": return this.#case.unfold(name);
      case "refresh": return void this.#reload();
      case "help": return void dialogs.help(this.#me);
      case "block": return this.#me.mayList && void this.#block();
      case "undo": return this.#me.mayWrite && void this.#undo();
      case "select": return this.#me.mayWrite && id !== null && this.#select(id);
      default: return this.#me.mayWrite && void this.#step(name);
    }
  }

  #move(step) {
    const id = this.#list.beside(this.#list.current, step);
    if (id === null) return step > 0 && this.#list.hasMore ? void this.#more() : this.#say(step > 0 ? "This is the last case." : "This is the first case.");
    this.#show(id);
    if (this.#list.index(id) > this.#list.cases.length - 15) this.#more();
  }

  // show goes to a case of the queue. On a narrow window the queue stays in sight unless a case was open.
  #show(id) {
    if (id !== null && (!narrow() || this.element.classList.contains("reading"))) this.#go(`#/case/${id}`);
    else if (id === null) this.#go("#/");
    const reading = this.element.classList.contains("reading");
    this.open(id);
    this.element.classList.toggle("reading", reading && id !== null);
  }

  // showKnown draws a case as it was read before.
  #showKnown(detail) {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.#case.show(detail);
  }

  #back() {
    if (this.#list.selected.size > 0) return this.#clear();
    if (this.#list.sought) return void this.search("");
    this.element.classList.remove("reading");
    if (narrow()) this.#go("#/");
    find(`.row[data-current=true] a`, this.#queue.element)?.focus();
  }

  #select(id) {
    const s = this.#list.selected;
    if (!s.delete(id)) s.add(id);
    this.#queue.draw();
    this.#say(s.size ? `${plural(s.size, "case")} selected.` : "Nothing selected.");
  }

  #clear() {
    this.#list.selected.clear();
    this.#queue.draw();
  }

  async #filter(changes) {
    Object.assign(this.#list.filter, changes);
    if (changes.view) this.#list.filter.order = changes.view === "closed" ? "closed" : this.#list.filter.order.replace("closed", "risk");
    this.#list.sought = "";
    this.#soughtChanged("");
    await this.#begin();
  }

  async search(text) {
    this.#list.sought = text;
    await this.#begin();
    this.#say(text ? `${plural(this.#list.cases.length, "case")} found.` : "");
    this.#soughtChanged(text);
  }

  async #begin() {
    this.#list.cases = [];
    this.#list.current = null;
    this.#list.selected.clear();
    this.#queue.draw();
    await this.#list.load();
    this.#show(narrow() ? null : (this.#list.cases[0]?.id ?? null));
    this.#queue.draw();
  }

  async #reload() {
    try {
      await this.#list.load();
    } catch (error) {
      return this.#say(`The queue could not be read: ${error.message}.`, "failed");
    }
    this.#queue.draw();
    if (this.#list.current === null) this.open(null);
    this.#queue.follow();
  }

  async #more() {
    try {
      await this.#list.more();
      this.#queue.draw();
    } catch (error) {
      this.#say(`The queue could not be read on: ${error.message}.`);
    }
  }

  // changed is told of every change of a case, null for those that may have been missed.
  changed(change) {
    const known = change && (this.#list.get(change.id) ?? null);
    if (change && (this.#busy.has(change.id) || (known && known.version >= change.version))) return;
    if (change && known && change.state === "closed") this.#list.put({ ...known, state: "closed", version: change.version });
    const shown = this.#case.shown;
    if (shown?.id === this.#list.current && (!change || (change.id === shown.id && change.version > shown.version))) this.#read(shown.id);
    this.#merging ??= setTimeout(async () => {
      this.#merging = null;
      await this.#list.refresh(this.#busy).catch(() => {}); // the next change tries again, and the light in the header says why
      this.#queue.draw();
      if (this.#list.current === null && this.#list.news.size > 0) this.#reload();
    }, mergeAfter);
  }

  // dispose closes what is selected, else the current case. The queue goes on at once; what is refused comes back.
  async #dispose(label) {
    const many = this.#list.selected.size > 0;
    const shown = this.#case.shown;
    if (!many && (shown === null || shown.id !== this.#list.current)) return; // nobody has seen it yet
    const chosen = many ? this.#list.cases.filter((c) => this.#list.selected.has(c.id)) : [shown];
    const cases = chosen.filter((c) => c.state !== "closed" && !this.#busy.has(c.id));
    if (cases.length === 0) return this.#say("This case is closed; o reopens it.");
    const ids = cases.map((c) => c.id);
    const next = ids.includes(this.#list.current) ? this.#list.successor(this.#list.current, new Set(ids)) : this.#list.current;
    const putBack = this.#list.take(ids);
    ids.forEach((id) => this.#busy.add(id));
    const words = `${many ? plural(cases.length, "case") : cases[0].account_id}: ${label}`;
    this.#show(next);
    this.#queue.draw();
    this.#say(`${words}.`);
    // Who takes it back before the answer is there means this one, and not the one before.
    const last = { words, back: (done) => this.#reopen(done.undo), done: many ? api.disposeAll(cases, label) : api.step("dispose", cases[0], { label }) };
    this.#undos.push(last);
    this.#canUndo(true);
    try {
      await last.done;
    } catch (error) {
      this.#undos = this.#undos.filter((u) => u !== last);
      this.#canUndo(this.#undos.length > 0);
      putBack();
      if (error.details?.case) this.#list.put(error.details.case);
      this.#say(`${words} was not saved: ${error.message}.`, "failed");
      this.#show(cases[0].id);
      if (error.status === 0 && shown?.id === cases[0].id) this.#showKnown(shown); // reading it again would fail as well
    } finally {
      ids.forEach((id) => this.#busy.delete(id));
      this.#queue.draw();
      if (this.#list.cases.length < 15) this.#more();
    }
  }

  async #undo() {
    const last = this.#undos.pop();
    if (!last) return this.#say("Nothing to undo.");
    this.#canUndo(this.#undos.length > 0);
    const done = await last.done.catch(() => null);
    if (done === null) return; // it was not saved, which is told already
    try {
      await last.back(done);
      this.#say(`Undone: ${last.words}.`);
    } catch (error) {
      if (error.status === 0) this.#undos.push(last);
      this.#canUndo(this.#undos.length > 0);
      this.#say(`${last.words} could not be undone: ${error.message}.`, "failed");
    }
  }

  async #reopen(token) {
    const { cases } = await api.undo(token);
    for (const c of cases) this.#list.insert(c);
    this.#show(cases[0].id);
    this.#queue.draw();
  }

  // block puts something of the case on a block list, once that is confirmed.
  async #block(item) {
    const c = this.#case.shown;
    if (!c || c.id !== this.#list.current) return;
    const items = blockable(c, this.#case.alert);
    if (items.length === 0) return this.#say("There is nothing here that a block list of the policy could have.");
    const asked = await dialogs.block(items, item ?? items[0], `case ${c.id}`);
    if (asked === null) return;
    const { list, value } = asked.item;
    await this.#change(`blocked: ${name(asked.item)}`, c.id, api.addEntry(list, value, asked.until, asked.reason), () => api.removeEntry(list, value));
  }

  #unlist({ list, value, ...item }) {
    return this.#change(`removed from ${list}: ${name({ value, ...item })}`, this.#list.current, api.removeEntry(list, value),
      (was) => api.addEntry(list, value, was.until ?? undefined, was.reason || undefined));
  }

  // change waits for a change of a list, which can be undone, and shows the case as it is then.
  async #change(words, id, done, back) {
    const reread = () => this.#list.current === id && this.#read(id);
    const last = { words, done, back: (answer) => back(answer).then(reread) };
    this.#undos.push(last);
    this.#canUndo(true);
    this.#say(`${capital(words)} …`);
    try {
      await done;
      this.#say(`${capital(words)}.`);
    } catch (error) {
      this.#undos = this.#undos.filter((u) => u !== last);
      this.#canUndo(this.#undos.length > 0);
      this.#say(`Not ${words}: ${error.message}.`, "failed");
    }
    await reread();
  }

  async #step(name) {
    const c = this.#case.shown;
    if (!c || c.id !== this.#list.current) return;
    const more = {};
    if (name === "note" && !(more.note = await dialogs.note(c.account_id))) return;
    if (name === "snooze" && !(more.until = await dialogs.snooze(c.account_id))) return;
    const mine = c.owner === this.#me.name;
    const [verb, words] = { note: ["notes", "Note saved"], snooze: ["snooze", "Snoozed"], reopen: ["reopen", "Reopened"], claim: mine ? ["release", "Given back"] : ["claim", "Claimed"] }[name];
    this.#busy.add(c.id);
    try {
      const next = name === "snooze" ? this.#list.successor(c.id, new Set([c.id])) : c.id;
      // The version of the moment: meanwhile an alert may have joined while the dialog was open.
      const now = this.#case.shown?.id === c.id ? this.#case.shown : c;
      const after = await api.step(verb, now, more);
      if (name === "snooze" && this.#list.filter.view !== "snoozed") this.#list.take([c.id]);
      else this.#list.put(after);
      this.#say(`${words}: ${c.account_id}.`);
      if (next === c.id) this.#read(c.id);
      else this.#show(next);
    } catch (error) {
      this.#say(`${c.account_id}: ${error.message}.`, "failed");
      if (error.status === 409) this.#read(c.id);
    } finally {
      this.#busy.delete(c.id);
      this.#queue.draw();
    }
  }
}

const capital = (words) => words[0].toUpperCase() + words.slice(1);
const narrow = () => matchMedia("(max-width: 800px)").matches;
