// The two phones. Everything shown comes from /phones/{number}/messages; the stream only says when to look again.
"use strict";

const TITLE = document.title;
const lineSelect = document.getElementById("student-line");
const numberField = document.getElementById("student-number");
const responderSelect = document.getElementById("responder-number");
const LINK = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/g;
const MARKS = { sending: "Sending…", delivered: "✓ Delivered", failed: "✕ Not delivered" };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function fillWithLinks(node, text) {
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    node.append(text.slice(from, match.index));
    const link = make("a", "", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    node.append(link);
    from = match.index + match[0].length;
  }
  node.append(text.slice(from));
}

function tellTime(iso) {
  return new Date(iso).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

// A file as the carrier wants it: what it says it is, and its bytes in base64.
function readFile(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => resolve({
      content_type: file.type || "application/octet-stream", base64: reader.result.slice(reader.result.indexOf(",") + 1),
    });
    reader.readAsDataURL(file);
  });
}

function makeSid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `MM${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function post(url, data) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(data),
  });
  return { ok: response.ok, data: await response.json() };
}

class Phone {
  constructor(root, { number, line, accepts, empty }) {
    this.root = root;
    this.number = number; // () => the number that this phone has now
    this.line = line; // (messages) => the line that a text from here goes to
    this.accepts = accepts; // (message) => whether the screen shows it
    this.empty = empty;
    this.talk = root.querySelector(".talk");
    this.list = this.talk.querySelector("ol");
    this.field = root.querySelector("textarea");
    this.picker = root.querySelector("input[type=file]"); // the student's phone alone has one
    this.chips = root.querySelector(".chosen");
    this.files = [];
    this.pictures = new Map(); // by message: what this page sent, to be shown as a phone shows it
    this.picker?.addEventListener("change", () => {
      this.files.push(...this.picker.files);
      this.picker.value = "";
      this.drawChosen();
    });
    this.messages = [];
    this.shown = new Map();
    this.asked = 0;
    const form = root.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    root.addEventListener("pointerdown", () => this.calm());
    this.field.addEventListener("focus", () => this.calm());
  }

  async send() {
    const body = this.field.value;
    const line = this.line(this.messages);
    const files = this.files;
    if (!(body.trim() || files.length) || !line) return;
    this.field.value = "";
    this.files = [];
    if (files.length) this.drawChosen();
    try {
      const data = { to: line, body };
      if (files.length) {
        data.media = await Promise.all(files.map(readFile));
        data.message_sid = makeSid();
        this.pictures.set(data.message_sid, files.filter((file) => file.type.startsWith("image/")));
      }
      const answer = await post(`/phones/${encodeURIComponent(this.number())}/messages`, data);
      if (!answer.ok) throw new Error(answer.data.error);
    } catch {
      this.field.value = body;
      this.files = files;
      if (files.length) this.drawChosen();
    }
  }

  drawChosen() {
    this.chips.hidden = this.files.length === 0;
    this.chips.replaceChildren(...this.files.map((file) => {
      const item = make("li");
      const remove = make("button", "", "✕");
      remove.type = "button";
      remove.setAttribute("aria-label", `Take away ${file.name}`);
      remove.addEventListener("click", () => {
        this.files = this.files.filter((one) => one !== file);
        this.drawChosen();
        this.picker.focus();
      });
      item.append(make("span", "", file.name), remove);
      return item;
    }));
  }

  drawFiles(message) {
    const node = make("div", "files");
    const pictures = this.pictures.get(message.sid) ?? [];
    for (const picture of pictures) {
      const image = make("img");
      image.src = URL.createObjectURL(picture);
      image.alt = "A picture that was sent";
      image.addEventListener("load", () => {
        URL.revokeObjectURL(image.src);
        this.talk.scrollTop = this.talk.scrollHeight;
      });
      node.append(image);
    }
    const others = message.files - pictures.length;
    if (others > 0) node.append(make("span", "", others === 1 ? "1 file" : `${others} files`));
    return node;
  }

  // Show another conversation: nothing of it is news.
  async restart() {
    this.shown.clear();
    this.list.replaceChildren();
    this.calm();
    await this.refresh(false);
  }

  async refresh(alive = true) {
    const asked = ++this.asked;
    const response = await fetch(`/phones/${encodeURIComponent(this.number())}/messages`);
    if (!response.ok || asked !== this.asked) return;
    this.messages = (await response.json()).messages;
    const visible = this.messages.filter(this.accepts);
    const fresh = visible.filter((message) => !this.shown.has(message.sid));
    // A conversation that is opened is not read out from its beginning; what comes later is.
    this.talk.setAttribute("aria-live", alive ? "polite" : "off");
    for (const message of visible) this.draw(message, alive);
    this.drawEmpty(visible.length === 0);
    if (fresh.length) this.talk.scrollTop = this.talk.scrollHeight;
    if (alive && fresh.some((message) => message.direction === "received")) this.onNews();
  }

  draw(message, alive) {
    let item = this.shown.get(message.sid);
    if (!item) {
      item = make("li", message.direction);
      item.append(make("span", "unseen", message.direction === "sent" ? "You wrote: " : "Received: "));
      if (message.files) item.append(this.drawFiles(message));
      const bubble = make("div", "bubble");
      fillWithLinks(bubble, message.body || " ");
      if (message.body || !message.files) item.append(bubble);
      item.append(make("div", "mark"));
      if (alive) item.classList.add("fresh");
      this.shown.set(message.sid, item);
      this.list.append(item);
    }
    item.classList.toggle("failed", message.status === "failed");
    const mark = message.direction === "sent" ? `${tellTime(message.at)} · ${MARKS[message.status]}` : tellTime(message.at);
    const node = item.querySelector(".mark");
    if (node.textContent !== mark) node.textContent = mark;
  }

  drawEmpty(isEmpty) {
    const node = this.list.querySelector(".empty");
    if (isEmpty && !node) this.list.append(make("li", "empty", this.empty));
    if (!isEmpty && node) node.remove();
  }

  onNews() {}

  calm() {
    this.root.classList.remove("lit", "buzz");
  }
}

class Pager extends Phone {
  onNews() {
    this.root.classList.remove("buzz");
    void this.root.offsetWidth; // lets the same animation run again
    this.root.classList.add("buzz", "lit");
    navigator.vibrate?.([200, 100, 200]);
    clearInterval(this.flashing);
    let on = false;
    this.flashing = setInterval(() => {
      on = !on;
      document.title = on ? "● New page" : TITLE;
    }, 800);
  }

  calm() {
    super.calm();
    clearInterval(this.flashing);
    document.title = TITLE;
  }
}

const student = new Phone(document.getElementById("student"), {
  number: () => numberField.value.trim(),
  line: () => lineSelect.value,
  accepts: (message) => message.line === lineSelect.value,
  empty: "Text the tip line. Nobody there sees this number.",
});
const responder = new Pager(document.getElementById("responder"), {
  number: () => responderSelect.value,
  line: (messages) => messages.filter((message) => message.direction === "received").at(-1)?.line,
  accepts: () => true,
  empty: "No pages. When one comes, this phone buzzes; answer it with its code.",
});

lineSelect.addEventListener("change", () => student.restart());
responderSelect.addEventListener("change", () => {
  responder.restart();
  control.refresh();
});
numberField.addEventListener("change", () => {
  if (!numberField.checkValidity() || !numberField.value.trim()) numberField.value = student.root.dataset.number;
  student.restart();
  control.refresh();
});

const control = {
  root: document.getElementById("faults"),
  form: document.querySelector("#faults form"),
  note: document.getElementById("fault-note"),

  async refresh() {
    this.show(await (await fetch("/control")).json());
  },

  show(state) {
    for (const field of this.form.elements) {
      if (field.type === "checkbox") field.checked = Boolean(state[field.name]);
      else if (field.name in state) field.value = state[field.name] ?? "";
    }
    for (const [name, phone] of [["student", student], ["responder", responder]]) {
      const kind = state.numbers[phone.number()] ?? "";
      this.form.elements[name].value = kind;
      phone.root.classList.toggle("off", kind !== "");
    }
    this.count(state);
    if (state.alerts) this.showAlerts(state.alerts);
  },

  count(state) {
    const on = [
      state.api_fault, state.latency_ms, state.callback_times !== 1, state.callback_order !== "forward",
      state.callback_delay_seconds, state.webhook_times !== 1, ...Object.keys(state.numbers),
    ].filter(Boolean).length;
    const badge = this.root.querySelector(".count");
    badge.hidden = on === 0;
    badge.textContent = `${on} on`;
  },

  showAlerts(alerts) {
    const list = this.root.querySelector(".alerts");
    if (!alerts.length) return;
    list.replaceChildren(...alerts.map((alert) => {
      const item = make("li", "", `${tellTime(alert.at)} `);
      item.append(make("b", "", alert.code), ` ${alert.text}`);
      return item;
    }));
  },

  read() {
    const value = Object.fromEntries(new FormData(this.form));
    const numbers = { [student.number()]: value.student || null };
    if (responder.number()) numbers[responder.number()] = value.responder || null;
    return {
      api_fault: value.api_fault || null,
      api_fault_count: value.api_fault_count ? Number(value.api_fault_count) : null,
      api_fault_account: value.api_fault_account || null,
      api_fault_after: "api_fault_after" in value,
      latency_ms: Number(value.latency_ms),
      callback_times: Number(value.callback_times),
      callback_order: value.callback_order,
      callback_delay_seconds: Number(value.callback_delay_seconds),
      webhook_times: Number(value.webhook_times),
      numbers,
    };
  },

  async set(url, data, note) {
    const answer = await post(url, data);
    this.note.textContent = answer.ok ? note : answer.data.error;
    if (answer.ok) this.show(answer.data);
  },
};
control.form.addEventListener("submit", (event) => {
  event.preventDefault();
  control.set("/control", control.read(), "Set.");
});
document.getElementById("heal").addEventListener("click", () => control.set("/control/reset", {}, "All is well."));

function onEvent(event) {
  if (event.kind === "control" || event.kind === "alert") return control.refresh();
  if (event.phone === student.number()) {
    // A text from another line opens that conversation, as tapping its notice would.
    const known = [...lineSelect.options].some((option) => option.value === event.line);
    if (event.kind === "message" && event.line !== lineSelect.value && known) {
      lineSelect.value = event.line;
      return student.restart();
    }
    student.refresh();
  }
  if (event.phone === responder.number()) responder.refresh();
}

const stream = new EventSource("/phones/stream");
stream.onmessage = (message) => onEvent(JSON.parse(message.data));
// Also after a restart of the carrier: what came meanwhile is news.
let opened = false;
stream.onopen = () => {
  for (const phone of [student, responder]) phone.refresh(opened);
  opened = true;
};

function tick() {
  const text = new Date().toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  for (const clock of document.querySelectorAll(".clock")) clock.textContent = text;
}
tick();
setInterval(tick, 10_000);
control.refresh();
