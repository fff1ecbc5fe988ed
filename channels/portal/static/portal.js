// The portal, a bit better: a way out that leaves no entry, copy and print, answers that show up. It all works without.
"use strict";

const SENT = "sent"; // That the page after a form was its receipt; nothing else is kept, and not for long.
const FIRST_MS = 3000, LONGEST_MS = 60000; // Between two looks for an answer: longer each time that nothing is new.
const TWICE_MS = 1500; // Two presses of Esc within this time leave the page.

for (const one of document.querySelectorAll("[data-script]")) one.hidden = false;

// --- The way out: this page's entry in the history becomes the other page's.
const exit = document.querySelector("[data-leave]");
let pressed = -TWICE_MS;

function leave() {
  document.body.hidden = true;
  document.title = "\u200b";
  for (const form of document.forms) form.reset();
  sessionStorage.removeItem(SENT);
  location.replace(exit.href);
}

exit?.addEventListener("click", (event) => { event.preventDefault(); leave(); });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.repeat) return;
  if (event.timeStamp - pressed < TWICE_MS) {
    event.preventDefault(); // Else Esc stops the page that is asked for from loading.
    leave();
  }
  pressed = event.timeStamp;
});
// A page that the browser had kept for its Back button: what was sent is gone from it, what was not is still there.
addEventListener("pageshow", (event) => {
  if (event.persisted && (document.body.hidden || sessionStorage.getItem(SENT))) location.reload();
  for (const button of document.querySelectorAll("button[aria-disabled]")) {
    button.ariaDisabled = null;
    button.textContent = button.dataset.label;
  }
});
if (document.querySelector("[data-sent]")) sessionStorage.setItem(SENT, "yes");
else sessionStorage.removeItem(SENT);

// --- A form that is on its way is not sent twice. (If it is, it is stored once all the same.)
for (const form of document.querySelectorAll("form[data-sends]")) {
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("button.main");
    if (button.ariaDisabled === "true") { event.preventDefault(); return; }
    button.ariaDisabled = "true";
    button.dataset.label = button.textContent;
    button.textContent = form.dataset.sends;
  });
}

// --- The receipt: copied, printed.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const code = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent.trim());
    } catch {
      getSelection().selectAllChildren(code); // Not allowed to: it is marked, so that the reader can copy it.
      return;
    }
    document.querySelector("[data-copied]").textContent = button.dataset.done;
  });
}
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

// --- Answers that show up. What is being typed is never touched.
const talk = document.querySelector("[data-live]");
let wait = FIRST_MS, timer = 0;

function put(fresh) {
  const said = document.getElementById("said"), now = [...fresh.querySelectorAll("#said > li")];
  now.slice(0, said.children.length).forEach((one, place) => {
    const shown = said.children[place].querySelector("time");
    if (shown.textContent !== one.querySelector("time").textContent) shown.replaceWith(one.querySelector("time"));
  });
  said.append(...now.slice(said.children.length)); // Only what is new, so that only it is read out.
  const seen = document.getElementById("seen"), news = fresh.getElementById("seen");
  if (seen.textContent !== news.textContent) seen.replaceChildren(...news.childNodes);
  talk.querySelector("[name=version]").value = fresh.querySelector("[data-live] [name=version]").value;
}

async function look() {
  try {
    const answer = await fetch(talk.dataset.live, {
      method: "POST", body: new URLSearchParams(new FormData(talk.querySelector("form"))),
      cache: "no-store", credentials: "omit", redirect: "error",
    });
    if (answer.status === 200) {
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      wait = FIRST_MS;
    } else if (answer.status === 404) return; // Its time is over.
    else wait = Math.min(wait * 1.3, LONGEST_MS);
  } catch {
    wait = Math.min(wait * 2, LONGEST_MS); // Offline, or we are: try again later.
  }
  plan();
}

function plan() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(look, wait);
}

if (talk) {
  plan();
  document.addEventListener("visibilitychange", () => { wait = FIRST_MS; plan(); });
}

// --- The puzzle of a report, solved unseen while somebody writes. Nobody waits for it: whoever sends before is heard.
const puzzle = document.querySelector(".report [name=puzzle]");
if (puzzle && isSecureContext) {
  const solver = new Worker("/static/solver.js");
  solver.addEventListener("message", (found) => { puzzle.form.elements.solution.value = found.data; });
  solver.postMessage(puzzle.value);
}
