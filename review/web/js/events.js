// What an account did, from the timeline and from an alert's own history, in one shape and order.

// Those of the account: {id, at (ms), amount, currency, type, merchant, category, place ([latitude, longitude] or null), alert}.
export function fromTimeline(timeline) {
  return (timeline?.events ?? []).map((e) => ({
    id: e.transaction_id ?? "", at: Date.parse(e.timestamp), amount: Number(e.amount), currency: e.currency, type: e.type,
    merchant: e.merchant ?? "", category: e.category ?? "", alert: e.alert_id ?? "",
    place: e.latitude === undefined || e.latitude === null ? null : [Number(e.latitude), Number(e.longitude)],
  }));
}

export function fromTransaction(t, alert = "") {
  const l = t.merchant?.location;
  return {
    id: t.transaction_id ?? "", at: Date.parse(t.timestamp), amount: t.amount, currency: t.currency, type: t.transaction_type,
    merchant: t.merchant?.name ?? "", category: t.merchant?.category ?? "", place: l ? [l.latitude, l.longitude] : null, alert,
  };
}

// before returns an alert's history and its payment, oldest first.
export function ofAlert(alert) {
  const list = (alert.history ?? []).map((e) => fromTransaction(e));
  list.push(fromTransaction(alert.transaction, alert.alert_id));
  return list.sort((a, b) => a.at - b.at);
}

// merge joins two lists, each event once. Milliseconds and amount tell events apart that carry no id.
export function merge(a, b) {
  const known = new Map();
  for (const e of [...a, ...b]) {
    const key = `${e.at} ${e.amount} ${e.currency} ${e.type} ${e.merchant}`;
    const other = known.get(key);
    known.set(key, other ? { ...other, id: other.id || e.id, alert: other.alert || e.alert, place: other.place ?? e.place } : e);
  }
  return [...known.values()].sort((x, y) => x.at - y.at);
}

// kilometres is the great-circle distance of two places.
export function kilometres([lat1, lon1], [lat2, lon2]) {
  const rad = Math.PI / 180;
  const a = Math.sin(((lat2 - lat1) * rad) / 2) ** 2 + Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.sin(((lon2 - lon1) * rad) / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(a)));
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 };

// behind says which events a feature was computed from, as far as its name tells: {events, words}. Features are declared
// freely, so what a name does not tell is not guessed.
export function behind(feature, alert) {
  const list = ofAlert(alert);
  const payment = list.find((e) => e.alert === alert.alert_id);
  const earlier = list.filter((e) => e !== payment && e.at <= payment.at);
  const other = Object.keys(alert.entities ?? {}).find((entity) => feature.startsWith(`${entity}_`) && entity !== "account");
  if (other) {
    const same = other === "merchant" ? earlier.filter((e) => e.merchant === payment.merchant) : [];
    return { events: same, words: `${feature} is about the ${other} ${alert.entities[other]}, over all accounts. Shown is what this account had with it.`, payment };
  }
  if (/_since_last$|^last_/.test(feature)) {
    const located = feature.startsWith("km") ? earlier.filter((e) => e.place) : earlier;
    return { events: located.slice(-1), words: located.length ? "The event before this payment" : "No event before this payment is known", payment };
  }
  const spans = [...feature.matchAll(/_(\d+)([mhd])(?=_|$)/g)].map(([, n, unit]) => [`${n} ${{ m: "minute", h: "hour", d: "day" }[unit]}${n === "1" ? "" : "s"}`, n * units[unit]]);
  if (spans.length === 0) return { events: [], words: "This one is of the payment itself, or its name does not tell which events are behind it", payment };
  const [text, length] = spans.reduce((a, b) => (b[1] > a[1] ? b : a));
  const type = { withdrawal: "withdrawal", deposit: "deposit" }[feature.match(/^(withdrawal|deposit)s_/)?.[1]];
  const events = earlier.filter((e) => e.at > payment.at - length && (!type || e.type === type));
  const whole = earlier.length === 0 || earlier[0].at <= payment.at - length || earlier.length < 50;
  return { events, words: `${type ? `${type}s` : "Events"} of the ${text} before this payment${whole ? "" : ", as far as the alert holds them"}`, payment };
}
