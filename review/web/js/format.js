// Figures and times as the viewer writes them: their language, their time zone, and money in its own currency.

const locale = navigator.languages;
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const shortTime = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const monthDay = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
const utcMonthDay = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "narrow" });
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const figure = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
const percentage = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
const spans = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

export const none = "–";

// zone is the viewer's time zone, for where times are explained.
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const time = (text) => (text ? dateTime.format(new Date(text)) : none);
export const briefTime = (text) => (text ? shortTime.format(new Date(text)) : none);
export const clockTime = (at) => clock.format(at);
export const day = (at) => monthDay.format(at);

// calendarDay is for days that were counted in UTC: another zone would show the day before.
export const calendarDay = (text) => utcMonthDay.format(new Date(text));

// ago says how long something is past, or how far ahead.
export function ago(text, now = Date.now()) {
  if (!text) return none;
  const passed = new Date(text) - now;
  const [unit, length] = spans.find(([, l]) => Math.abs(passed) >= l) ?? spans.at(-1);
  return relative.format(Math.trunc(passed / length), unit);
}

// span is a length of time in its largest unit.
export function span(milliseconds) {
  const [unit, length] = spans.find(([, l]) => Math.abs(milliseconds) >= l) ?? spans.at(-1);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }).format(milliseconds / length);
}

// money formats an amount with as many digits as it came with, and no less than its currency has. A decimal string keeps
// all its digits: it does not pass through a floating-point number.
export function money(amount, currency) {
  if (amount === null || amount === undefined || amount === "") return none;
  const digits = typeof amount === "string" ? (amount.split(".")[1] ?? "").length : 0;
  if (!currency) return new Intl.NumberFormat(locale, { minimumFractionDigits: digits }).format(amount);
  try {
    const f = new Intl.NumberFormat(locale, { style: "currency", currency });
    const least = Math.max(digits, f.resolvedOptions().minimumFractionDigits);
    return new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: least, maximumFractionDigits: least }).format(amount);
  } catch {
    return `${amount} ${currency}`; // not a code that the browser knows
  }
}

// roughMoney is money without its small change, for axes and totals.
export function roughMoney(amount, currency) {
  if (amount === null || amount === undefined || amount === "") return none;
  const compact = { notation: "compact", maximumSignificantDigits: 3 };
  try {
    return new Intl.NumberFormat(locale, currency ? { style: "currency", currency, ...compact } : compact).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}

export const count = (n) => (n === null || n === undefined ? none : whole.format(n));
export const number = (n) => (n === null || n === undefined ? none : figure.format(n));
export const percent = (n) => (n === null || n === undefined ? none : percentage.format(n));
export const score = (n) => (n === null || n === undefined ? none : n.toFixed(2));
export const distance = (km) => `${km < 10 ? figure.format(Math.round(km * 10) / 10) : whole.format(km)} km`;

// plural is a counted noun: 1 alert, 2 alerts.
export const plural = (n, noun, nouns = `${noun}s`) => `${count(n)} ${n === 1 ? noun : nouns}`;
