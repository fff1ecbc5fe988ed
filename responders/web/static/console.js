// Live pages: when something happened, the page is fetched again and its live parts are put in place.
// What a person is typing is never touched. Without this file everything works by hand.
"use strict";

const QUIET = { headers: { "X-Fragment": "1" }, credentials: "same-origin", redirect: "error", cache: "no-store" };
const EVERY_MS = 30000; // Ages move on, and a lost event is made good.
const HIDDEN_MS = 30000; // Browsers open six lines to a server: tabs nobody looks at give theirs back.
const PRESS_MS = 3000; // No button is swapped under a finger; a release that is never told ends by itself.
const SETTLE_MS = 2000; // So long a key rests after what it does has changed: nobody has read that yet.
const state = document.getElementById("live-state");
const shown = new WeakMap(); // Each live part's HTML as the server sent it.
let busy = false, again = false, pressing = false, soon = 0, rekeyed = -Infinity;

function say(text, away) {
  if (!state || (state.textContent === text && !state.hidden)) return;
  state.hidden = false;
  state.textContent = text;
  state.classList.toggle("away", away);
}

function inUse(part) {
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select, textarea")) return true;
  for (const field of part.querySelectorAll("textarea, input:not([type=hidden])")) {
    if (field.value !== field.defaultValue) return true;
  }
  for (const list of part.querySelectorAll("select")) {
    const first = [...list.options].findIndex((option) => option.defaultSelected);
    if (list.selectedIndex !== Math.max(first, 0)) return true;
  }
  return false;
}

function outermost(root) {
  return [...root.querySelectorAll("[data-live]")].filter((part) => {
    const above = part.parentElement.closest("[data-live]");
    return !above || above === root;
  });
}

function keyed(part) { return [...part.querySelectorAll("[data-key]")].map((one) => one.dataset.key + one.id).join(" "); }

function replace(root, fresh) {
  for (const part of outermost(root)) {
    const now = fresh.querySelector("#" + CSS.escape(part.id));
    if (!now || (shown.get(part) ?? part.innerHTML) === now.innerHTML) continue;
    if (inUse(part)) { replace(part, now); continue; }
    const had = new Set([...part.querySelectorAll("[id]")].map((one) => one.id));
    const put = document.importNode(now, true);
    const held = part.contains(document.activeElement) ? document.activeElement.id : "";
    for (const one of put.querySelectorAll("details[id]")) one.open = document.getElementById(one.id)?.open ?? one.open;
    if (keyed(part) !== keyed(put)) rekeyed = performance.now();
    part.replaceWith(put);
    shown.set(put, now.innerHTML);
    for (const one of put.querySelectorAll("li[id]")) if (!had.has(one.id) && had.size) one.classList.add("arrived");
    if (held) document.getElementById(held)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (busy || pressing) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(document.body.dataset.url ?? location.pathname + location.search, QUIET);
    if (answer.status === 401) { stop("Signed out. Reload the page."); return; }
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (pressing) { again = true; return; }
      replace(document, fresh);
      if (document.title !== fresh.title) document.title = fresh.title;
      wire(document);
    }
  } catch { /* The stream says when the line is down. */ } finally {
    busy = false;
    if (again && !pressing) { again = false; later(); }
  }
}

function later() { clearTimeout(soon); soon = setTimeout(refresh, 120); }

let stream = null, beat = 0, hide = 0, stopped = false;
function stop(text) { stopped = true; stream?.close(); clearInterval(beat); say(text, true); }

function listen() {
  stream = new EventSource("/live");
  stream.addEventListener("hello", () => { say("Live", false); later(); });
  stream.addEventListener("changed", later);
  stream.onerror = () => {
    say("Reconnecting…", true);
    if (stream.readyState === EventSource.CLOSED) { refresh(); setTimeout(() => { if (state.textContent === "Reconnecting…") listen(); }, 5000); }
  };
}

function wire(root) {
  showKeys();
  for (const box of root.querySelectorAll("textarea[data-counted]:not([data-wired])")) {
    box.dataset.wired = "1";
    const counter = box.form.querySelector("[data-counter]"), first = counter.textContent;
    const count = () => {
      counter.textContent = box.value ? `${box.maxLength - box.value.length} characters left` : first;
      box.style.height = "auto";
      box.style.height = `${Math.min(box.scrollHeight + 2, 320)}px`;
    };
    box.addEventListener("input", count);
    if (box.value) count();
  }
}

let lastBox = null;
document.addEventListener("focusin", (event) => { if (event.target.matches("textarea[data-counted]")) lastBox = event.target; });
document.addEventListener("click", (event) => {
  const ask = event.target.closest("[data-ask-en]");
  const box = ask && (lastBox?.isConnected ? lastBox : document.querySelector("textarea[data-counted]"));
  if (!box) return;
  event.preventDefault();
  const words = ask.dataset.language === "es" ? ask.dataset.askEs : ask.dataset.askEn;
  box.value = box.value.trim() ? `${box.value.trimEnd()} ${words}` : words;
  box.dispatchEvent(new Event("input"));
  box.focus();
});
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  event.target.dataset.sent = "1";
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) event.target.form.requestSubmit();
});
// One key joins or refuses the first proposal. Whoever speaks to their machine can switch the keys off for good.
let keysOn = true;
try { keysOn = localStorage.getItem("keys") !== "off"; } catch { /* Then they are on. */ }
function showKeys() {
  const keys = document.getElementById("keys-switch");
  if (!keys) return;
  keys.hidden = false;
  keys.textContent = `Keys J and N: ${keysOn ? "on" : "off"}`;
  keys.setAttribute("aria-pressed", String(keysOn));
}
document.addEventListener("click", (event) => {
  if (!event.target.closest("#keys-switch")) return;
  keysOn = !keysOn;
  try { localStorage.setItem("keys", keysOn ? "on" : "off"); } catch { /* For this page only. */ }
  showKeys();
});
document.addEventListener("keydown", (event) => {
  if (!keysOn || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button) return;
  event.preventDefault();
  if (performance.now() - rekeyed >= SETTLE_MS) button.form.requestSubmit(button);
});
let press = 0;
function release() { clearTimeout(press); pressing = false; if (again) { again = false; later(); } }
addEventListener("pointerdown", () => { pressing = true; clearTimeout(press); press = setTimeout(release, PRESS_MS); });
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setTimeout(release, 50));
addEventListener("pageshow", (event) => {
  if (event.persisted) { for (const form of document.forms) delete form.dataset.sent; later(); }
});
document.addEventListener("visibilitychange", () => {
  clearTimeout(hide);
  if (!stream || stopped) return;
  if (document.hidden) hide = setTimeout(() => stream.close(), HIDDEN_MS);
  else if (stream.readyState === EventSource.CLOSED) listen();
  else later();
});

wire(document);
if (document.body.hasAttribute("data-live-page")) {
  listen();
  beat = setInterval(refresh, EVERY_MS);
}
