// The alerts of the case on show: some come whole with it, and an earlier one is read when it is chosen.

const readIn = 150; // milliseconds in which what was on show before stays: most alerts are read by then

// Hits holds them. read(id, signal) reads one, and changed() is called when there is another thing to draw.
export class Hits {
  #read;
  #changed;
  #list = [];
  #whole = new Map(); // of this case, whatever was read so far, by id
  #fresh = new Set(); // ids of those that are as of the case's last reading
  #chosen = null; // id
  #reading = null;
  #timer;
  #failure = null;
  #waits = false; // for the chosen one, and not for long

  constructor(read, changed) {
    this.#read = read;
    this.#changed = changed;
  }

  // list is all of them, the oldest first: {id, at (ms), score, label, alert}, where alert is null until it is read.
  get list() {
    return this.#list.map((hit) => ({ ...hit, alert: this.#whole.get(hit.id) ?? null }));
  }

  // chosen is the one of the list to show. waits says that it will be whole in a moment, and failure why it is not.
  get chosen() {
    return this.list.find((hit) => hit.id === this.#chosen);
  }

  get waits() {
    return this.#waits;
  }

  get failure() {
    return this.#failure;
  }

  // take takes in a case as it was read. Of another case the strongest is chosen; of the same one what was chosen and read stays.
  take(detail, another) {
    if (another) {
      this.leave();
      this.#whole.clear();
      this.#chosen = strongest(detail.alerts)?.alert_id ?? null;
    }
    this.#fresh = new Set(detail.alerts.map((a) => a.alert_id));
    for (const a of detail.alerts) this.#whole.set(a.alert_id, a);
    const kept = this.#whole.get(this.#chosen);
    this.#list = [...detail.alerts.map(whole), ...detail.earlier.map(brief)];
    if (kept && !this.#has(this.#chosen)) this.#list.push(whole(kept));
    this.#list.sort((a, b) => a.at - b.at);
    if (!this.#has(this.#chosen)) this.#chosen = this.#list.at(-1)?.id ?? null;
    if (!this.#fresh.has(this.#chosen) && !this.#waits) this.#fetch();
  }

  // turn chooses the one so many places from the chosen one, if there is one.
  turn(step) {
    const next = this.#list[this.#list.findIndex((hit) => hit.id === this.#chosen) + step];
    if (next) this.choose(next.id);
  }

  choose(id) {
    this.leave();
    this.#chosen = id;
    if (!this.#fresh.has(id)) this.#fetch();
    this.#changed();
  }

  // again tries once more to read the chosen one.
  again() {
    this.choose(this.#chosen);
  }

  // leave ends a reading that is under way.
  leave() {
    this.#reading?.abort();
    this.#ended(null);
  }

  #has(id) {
    return this.#list.some((hit) => hit.id === id);
  }

  async #fetch() {
    this.#reading?.abort();
    const id = this.#chosen;
    if (id === null) return;
    const { signal } = (this.#reading = new AbortController());
    if (!this.#whole.has(id)) {
      this.#waits = true;
      this.#timer = setTimeout(() => {
        this.#waits = false;
        this.#changed();
      }, readIn);
    }
    try {
      const alert = await this.#read(id, signal);
      if (signal.aborted) return;
      this.#whole.set(id, alert);
      this.#fresh.add(id);
      this.#ended(null);
    } catch (error) {
      if (signal.aborted) return;
      this.#ended(this.#whole.has(id) ? null : error); // what is on show stays
    }
    this.#changed();
  }

  #ended(failure) {
    clearTimeout(this.#timer);
    this.#waits = false;
    this.#failure = failure;
  }
}

const whole = (a) => ({ id: a.alert_id, at: Date.parse(a.transaction.timestamp), score: a.score, label: a.label });
const brief = (a) => ({ id: a.alert_id, at: Date.parse(a.event_time), score: a.score, label: a.label });
const strongest = (alerts) => alerts.reduce((a, b) => ((b.score ?? 0) > (a.score ?? 0) ? b : a), alerts[0]);
