// Files, a bit better: which are chosen, taking one out again, and how much is sent. All of it works without.
"use strict";

const MOST = 10, MEGABYTE = 1024 * 1024; // What the house takes; it looks again itself.
const input = document.getElementById("files"), form = input?.form;

if (form) {
  const list = document.getElementById("chosen"), news = document.getElementById("chosen-news");
  let chosen = [];

  const most = (file) => (file.type.startsWith("video/") ? 100 : 16) * MEGABYTE;
  function size(bytes) {
    const [unit, value] = bytes < MEGABYTE ? ["kilobyte", Math.ceil(bytes / 1024)] : ["megabyte", bytes / MEGABYTE];
    return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
  }

  // What is shown is what the field holds, so that it is sent with or without the rest of this script.
  function show() {
    const held = new DataTransfer();
    for (const file of chosen) held.items.add(file);
    input.files = held.files;
    list.replaceChildren(...chosen.map(line));
    list.hidden = chosen.length === 0;
  }

  function line(file) {
    const item = document.createElement("li"), name = document.createElement("span"), button = document.createElement("button");
    name.textContent = `${file.name} · ${size(file.size)}`;
    name.dir = "auto";
    button.type = "button";
    button.textContent = input.dataset.sayRemove;
    button.setAttribute("aria-label", `${input.dataset.sayRemove}: ${file.name}`);
    button.addEventListener("click", () => {
      const place = chosen.indexOf(file);
      chosen = chosen.filter((one) => one !== file);
      show();
      (list.querySelectorAll("button")[Math.min(place, chosen.length - 1)] ?? input).focus();
    });
    item.append(name, button);
    if (file.size > most(file)) {
      const fault = document.createElement("p");
      fault.className = "fault";
      fault.textContent = input.dataset.sayBig;
      item.append(fault);
    }
    return item;
  }

  // Choosing once more adds: on a phone each picture is often chosen by itself.
  input.addEventListener("change", () => {
    const known = new Set(chosen.map((one) => `${one.name}/${one.size}/${one.lastModified}`));
    chosen.push(...[...input.files].filter((one) => !known.has(`${one.name}/${one.size}/${one.lastModified}`)));
    news.textContent = chosen.length > MOST ? input.dataset.sayMany : chosen.map((one) => one.name).join(", ");
    chosen = chosen.slice(0, MOST);
    show();
  });
  // Leaving fast resets each form; nothing of it may stay.
  form.addEventListener("reset", () => { chosen = []; list.replaceChildren(); });

  // --- Sending: with files by script, to see how far they are. Then a small form of its own opens the next page.
  const box = document.getElementById("progress"), bar = document.getElementById("progress-bar");
  const told = document.getElementById("progress-news");

  function say(percent) {
    bar.value = percent;
    const words = percent < 100 ? `${Math.floor(percent / 10) * 10} % ${box.dataset.saySent}` : box.dataset.saySaving;
    if (told.textContent !== words) told.textContent = words; // Each tenth is read out once.
  }

  function stay(page) {
    box.hidden = true;
    const button = form.querySelector("button.main");
    button.ariaDisabled = null;
    button.textContent = button.dataset.label;
    document.querySelector(".problems")?.remove();
    const fresh = page && new DOMParser().parseFromString(page, "text/html").querySelector(".problems");
    if (fresh) {
      form.insertAdjacentElement("beforebegin", document.adoptNode(fresh)); // A field of it is called "before".
      fresh.focus();
    } else {
      told.textContent = box.dataset.sayFailed;
      box.hidden = false;
      bar.hidden = true;
    }
  }

  function go(page) {
    const lost = new DOMParser().parseFromString(page, "text/html").querySelector("[data-lost]")?.dataset.lost ?? "";
    const next = document.createElement("form"), values = new FormData(form);
    next.method = "post";
    next.action = form.dataset.next;
    for (const [name, value] of Object.entries({
      once: values.get("once"), receipt: values.get("receipt"), lang: values.get("lang"), lost, again: "yes", said: "yes",
    })) {
      if (value === null) continue;
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      next.append(field);
    }
    document.body.append(next);
    next.submit();
  }

  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented || chosen.length === 0) return;
    event.preventDefault();
    const values = new FormData(form), sending = new XMLHttpRequest();
    values.append("script", "yes");
    bar.hidden = box.hidden = false;
    say(0);
    sending.open("POST", form.action);
    sending.setRequestHeader("Accept", "text/html");
    sending.upload.addEventListener("progress", (at) => { if (at.lengthComputable) say(100 * at.loaded / at.total); });
    sending.addEventListener("load", () => (sending.status === 200 ? go : stay)(sending.responseText));
    sending.addEventListener("error", () => stay(""));
    sending.send(values);
  });
}
