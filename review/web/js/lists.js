// The block and allow lists as far as they have to do with a case: what of it is on one, and what could be blocked.
import { h } from "./dom.js";
import { ago, time } from "./format.js";

// listsSection draws what lists have, or could have, of the alert on show; null where the policy declares none. may says
// whether the reader changes lists, with block(item) and remove(item).
export function listsSection(c, alert, may, { block, remove }) {
  const list = ofAlert(c, alert);
  const on = list.filter((l) => l.entry).map((l) => h("li", {},
    h("span", {}, h("b", { class: `listed ${l.kind}` }, words[l.kind]), " ", name(l)),
    h("span", { class: "hint" }, entryWords(l.entry)),
    may && h("button", { type: "button", class: "quiet", "data-keep": `unlist ${l.list} ${l.value}`, onclick: () => remove(l) }, "Remove")));
  const off = blockable(c, alert);
  if (on.length === 0 && (off.length === 0 || !may)) return null;
  return h("section", { "aria-label": "Lists" }, h("h3", {}, "Lists"), on.length > 0 && h("ul", { class: "listings" }, on),
    may && off.length > 0 && h("p", { class: "block" }, off.map((l) => h("button", { type: "button", class: "quiet", "data-keep": `block ${l.list}`, onclick: () => block(l) }, "Block ", name(l), " …")),
      h("kbd", {}, "b")));
}

const words = { block: "Blocked:", allow: "Allowed:" };

// name is what a list has of a case, in words: merchant shop.
export const name = (l) => (/^[a-z_]+$/i.test(l.key) ? `${l.key.replaceAll("_", " ")} ${l.value}` : l.value);

// blockable are the values of an alert that are on no block list and could be.
export const blockable = (c, alert) => ofAlert(c, alert).filter((l) => l.kind === "block" && !l.entry);

function ofAlert(c, alert) {
  const t = alert?.transaction ?? {};
  const values = new Set([c.account_id, t.merchant?.name, t.merchant?.category, ...Object.values(t.attributes ?? {})]);
  const all = new Map([...(alert?.lists ?? []), ...(c.lists ?? [])].map((l) => [`${l.list} ${l.value}`, l]));
  return [...all.values()].filter((l) => values.has(l.value));
}

function entryWords(e) {
  const who = e.by ? `by ${e.by}, ${ago(e.at)}` : "by the policy";
  return [who, e.until && `until ${time(e.until)}`, e.reason].filter(Boolean).join("; ");
}
