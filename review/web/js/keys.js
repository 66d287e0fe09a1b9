// The keys: one table, from which the page acts and the help is written.

export const keys = [
  { key: "j", also: "ArrowDown", does: "next", says: "next case" },
  { key: "k", also: "ArrowUp", does: "previous", says: "previous case" },
  { key: "f", does: "fraud", says: "fraud, on to the next", writes: true },
  { key: "l", does: "legitimate", says: "legitimate, on to the next", writes: true },
  { key: "u", does: "unsure", says: "unsure, on to the next", writes: true },
  { key: "z", does: "undo", says: "undo the last disposition, or change of a list", writes: true },
  { key: "c", does: "claim", says: "claim, or give back", writes: true },
  { key: "s", does: "snooze", says: "snooze", writes: true },
  { key: "n", does: "note", says: "write a note", writes: true },
  { key: "b", does: "block", says: "block the account, the merchant or another value", writes: true, lists: true },
  { key: "o", does: "reopen", says: "reopen a closed case", writes: true },
  { key: "x", does: "select", says: "select; f, l and u then are for all selected", writes: true },
  { key: "Enter", does: "read", says: "go into the case" },
  { key: "Escape", does: "back", says: "back to the queue, or clear the selection" },
  { key: "[", does: "earlierAlert", says: "earlier alert of the case" },
  { key: "]", does: "laterAlert", says: "later alert of the case" },
  { key: "e", does: "events", says: "the events" },
  { key: "v", does: "features", says: "the features" },
  { key: ".", does: "refresh", says: "show what is new" },
  { key: "/", does: "search", says: "search" },
  { key: "?", does: "help", says: "these keys" },
];

// watchKeys calls the action of a key, except where somebody types or a dialog is open.
export function watchKeys(act) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const on = event.target.closest("a, button, summary, input");
    // Enter on a link or button, and arrows while reading a case, mean what they always do.
    if (event.key === "Enter" && on && !on.matches(".row a")) return;
    if (event.key.startsWith("Arrow") && event.target !== document.body && !event.target.closest(".queue")) return;
    const found = keys.find(({ key, also }) => event.key === key || event.key === also);
    if (!found || (event.repeat && !["next", "previous"].includes(found.does))) return;
    if (act(found.does) !== false) event.preventDefault();
  });
}
