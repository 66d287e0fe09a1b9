// The start of the page: who is signed in, which page the address names, and what is the same on all of them.
import { h, find } from "./dom.js";
import * as api from "./api.js";
import { listen } from "./live.js";
import { watchKeys } from "./keys.js";
import { help } from "./dialogs.js";
import { Work } from "./work.js";
import { overview } from "./overview.js";
import { signInView } from "./signin.js";

const main = find("#main");
const said = find(".said");
let work = null;
let me = null;
let stop = () => {};
let leave = () => {}; // ends the overview's own updates

function say(text, kind = "") {
  said.textContent = text;
  said.dataset.kind = kind;
}

async function start() {
  try {
    me = await api.me();
  } catch (error) {
    if (error.status === 401) return; // whenSignedOut has drawn the form
    main.replaceChildren(h("div", { class: "waiting failed", role: "alert" }, h("p", {}, `${error.message}.`), h("button", { type: "button", onclick: start }, "Try again")));
    return;
  }
  me.mayWrite = me.rights.includes("work");
  me.mayList = me.rights.includes("lists");
  document.body.dataset.signedIn = "true";
  find(".who").textContent = me.name;
  find("[data-do=signout]").hidden = me.demo;
  work = new Work(me, { say, canUndo: (whether) => { find("[data-do=undo]").hidden = !whether; }, go, sought });
  stop();
  stop = listen((change) => work.changed(change), connected);
  await route(true);
}

function signedOut() {
  stop();
  leave();
  work = null;
  delete document.body.dataset.signedIn;
  main.replaceChildren(signInView(() => {
    say("");
    start();
  }));
}

function connected(yes) {
  const light = find(".live");
  light.dataset.state = yes ? "on" : "off";
  find(".word", light).textContent = yes ? "live" : "reconnecting";
}

// go changes the address without a new entry for every case that is passed, so that Back leaves the page.
function go(hash) {
  if (location.hash !== hash) history.replaceState(null, "", hash);
  mark("work");
}

function sought(text) {
  find(".search input").value = text;
}

function mark(page) {
  for (const a of document.querySelectorAll("[data-page]")) {
    if (a.dataset.page === page) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  document.body.dataset.page = page;
  document.title = page === "overview" ? "Overview · Weir" : "Queue · Weir";
}

async function route(first) {
  if (!work) return;
  leave();
  leave = () => {};
  const [page, id] = location.hash.replace(/^#\/?/, "").split("/");
  if (page === "overview") {
    mark("overview");
    const view = overview();
    leave = view.leave;
    main.replaceChildren(view.element);
    return;
  }
  mark("work");
  const wanted = page === "case" && id ? Number(id) : null;
  if (main.firstElementChild === work.element) return work.open(wanted);
  main.replaceChildren(work.element);
  await (first || !work.started ? ((work.started = true), work.start(wanted)) : work.open(wanted));
}

const onPage = (name) => {
  if (!work) return false;
  if (name === "search") {
    const input = find(".search input");
    input.focus();
    return input.select();
  }
  if (name === "help") return void help(me);
  if (document.body.dataset.page !== "work") return name === "back" ? void (location.hash = "#/") : false;
  return work.act(name);
};

api.whenSignedOut(signedOut);
addEventListener("hashchange", () => route(false));
watchKeys(onPage);
find("[data-do=help]").addEventListener("click", () => onPage("help"));
find("[data-do=undo]").addEventListener("click", () => onPage("undo"));
find("[data-do=signout]").addEventListener("click", () => api.signOut().finally(signedOut));
find(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names pages, not places on them
  (find("#pane") ?? main).focus();
});
find(".search").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = event.target.elements.q;
  if (!work) return;
  if (document.body.dataset.page !== "work") location.hash = "#/";
  input.blur();
  work.search(input.value.trim());
});
start();
