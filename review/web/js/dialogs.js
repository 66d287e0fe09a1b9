// What asks for more than a key: native dialogs, which keep the focus inside and give it back.
import { h } from "./dom.js";
import { keys } from "./keys.js";
import { time, zone } from "./format.js";
import { name } from "./lists.js";

// show opens a dialog and resolves to its result, null if it was closed without one.
function show(title, body, buttons = []) {
  return new Promise((resolve) => {
    let result = null;
    const finish = (value) => {
      result = value;
      dialog.close();
    };
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, h("form", { method: "dialog" }, heading, body(finish),
      h("div", { class: "buttons" }, h("button", { type: "submit", class: "quiet" }, "Close ", h("kbd", {}, "Esc")), buttons.map((b) => b(finish)))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // the backdrop
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function help(me) {
  const rows = keys.filter((k) => (me.mayWrite || !k.writes) && (me.mayList || !k.lists))
    .map(({ key, says }) => h("div", {}, h("dt", {}, h("kbd", {}, key === "Escape" ? "Esc" : key)), h("dd", {}, says)));
  return show("Keys", () => [h("dl", { class: "keys" }, rows), h("p", { class: "hint" }, `Times are in ${zone}.`)]);
}

// note asks for a text and resolves to it.
export function note(account) {
  const text = h("textarea", { rows: 5, maxlength: 4096, required: true, "aria-label": "Note", autofocus: true });
  const save = (finish) => h("button", { type: "button", class: "main", onclick: () => text.value.trim() && finish(text.value.trim()) },
    "Save ", h("kbd", {}, "Ctrl Enter"));
  return show(`Note on ${account}`, (finish) => {
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && text.value.trim()) finish(text.value.trim());
    });
    return text;
  }, [save]);
}

const terms = [["", "for good"], [1, "for a day"], [7, "for a week"], [30, "for 30 days"]];

// block asks what of some values to block, for how long and why, and resolves to {item, until, reason}.
export function block(items, chosen, reason, now = new Date()) {
  const what = items.map((item, i) => h("label", {}, h("input", { type: "radio", name: "what", value: i, checked: item === chosen, autofocus: item === chosen }), h("span", {}, name(item)), h("span", { class: "hint" }, item.list)));
  const term = h("select", {}, terms.map(([days, label]) => h("option", { value: days }, label)));
  const why = h("input", { type: "text", maxlength: 500, value: reason });
  const form = h("div", { class: "blocking" }, h("fieldset", {}, h("legend", {}, "What"), what), h("label", {}, h("span", {}, "How long"), term), h("label", {}, h("span", {}, "Why"), why), h("p", { class: "hint" }, "The pipelines go by it within seconds. It can be undone."));
  const save = (finish) => h("button", { type: "button", class: "main", onclick: () => finish(answer()) }, "Block ", h("kbd", {}, "Enter"));
  const answer = () => ({ item: items[form.querySelector("input:checked").value], until: term.value ? new Date(now.getTime() + term.value * 86_400_000) : undefined, reason: why.value.trim() || undefined });
  return show("Block", (finish) => {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would close the dialog without an answer
      finish(answer());
    });
    return form;
  }, [save]);
}

// snooze asks for how long and resolves to a Date.
export function snooze(account, now = new Date()) {
  const choices = [["One hour", after(now, 1)], ["Four hours", after(now, 4)], ["Tomorrow morning", morning(now, 1)], ["Next Monday", morning(now, (8 - now.getDay()) % 7 || 7)]];
  return show(`Snooze ${account}`, (finish) => {
    const buttons = choices.map(([label, until], i) => h("li", {}, h("button", { type: "button", autofocus: i === 0, onclick: () => finish(until) },
      h("kbd", {}, i + 1), h("span", {}, label), h("time", {}, time(until)))));
    return h("ol", {
      class: "choices",
      onkeydown: (event) => choices[event.key - 1] && finish(choices[event.key - 1][1]),
    }, buttons);
  });
}

const after = (now, hours) => new Date(now.getTime() + hours * 3_600_000);
const morning = (now, days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 8);
