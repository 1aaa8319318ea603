// What every page does: parts that change are fetched anew, forms go without leaving the page, times run on.

import { patch } from "./patch.js";

const part = { "X-Part": "1" };
const announce = document.getElementById("announce");
const toasts = document.getElementById("toasts");

export function toast(text, bad = false) {
  const one = document.createElement("div");
  one.className = bad ? "toast bad" : "toast";
  one.textContent = text;
  toasts.append(one);
  setTimeout(() => one.remove(), bad ? 9000 : 4000);
}

/** The words of a part that the server sent. */
export function wordsOf(html) {
  return new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
}

// -- parts ------------------------------------------------------------------------------------------------------

const busy = new WeakMap();

/** Fetches a part and puts what is new into the page; what is the same stays as it is, with focus and all. */
export async function refresh(region) {
  if (busy.has(region)) {
    busy.set(region, true); // once more when this one is through
    return;
  }
  busy.set(region, false);
  try {
    const answer = await fetch(region.dataset.src, { headers: part });
    if (answer.ok) show(region, await answer.text());
    else if (answer.status === 401) location.reload();
  } catch {
    // Away for a moment: the stream comes back, and with it everything is looked at anew.
  } finally {
    const again = busy.get(region);
    busy.delete(region);
    if (again) refresh(region);
  }
}

function show(region, html) {
  const old = states(region);
  const made = new DOMParser().parseFromString(html, "text/html").body;
  const inner = made.childElementCount === 1 && made.firstElementChild.id === region.id ? made.firstElementChild : made;
  patch(region, inner);
  lively(region);
  if (region.hasAttribute("data-tell")) tell(old, states(region));
  region.dispatchEvent(new CustomEvent("shown", { bubbles: true }));
}

function states(region) {
  return new Map([...region.querySelectorAll("[data-job][data-state]")].map((one) => [one.dataset.job, one.dataset.state]));
}

const words = { running: "A picture of yours is being drawn.", done: "A job of yours is done.", failed: "A job of yours has failed.", cancelled: "A job of yours is cancelled." };

function tell(old, now) {
  for (const [job, state] of now) {
    if (old.has(job) && old.get(job) !== state && words[state]) announce.textContent = words[state];
  }
}

// -- the stream -------------------------------------------------------------------------------------------------

const live = () => [...document.querySelectorAll("[data-live]")];
let stream = null;

function listen() {
  if (stream || document.hidden) return;
  stream = new EventSource("/console/events");
  stream.addEventListener("changed", (event) => {
    const topics = JSON.parse(event.data).topics;
    for (const region of live()) {
      if (region.dataset.live.split(" ").some((topic) => topics.includes(topic))) refresh(region);
    }
  });
  stream.addEventListener("progress", (event) => move(JSON.parse(event.data)));
  stream.addEventListener("out", () => location.reload());
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) {
      stream = null;
      setTimeout(listen, 5000);
    }
  });
}

// Browsers have few connections for one server: a page that nobody looks at lets go of its own.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else {
    listen();
    live().forEach(refresh);
  }
});

function move(news) {
  for (const one of document.querySelectorAll(`[data-job="${CSS.escape(news.job)}"]`)) {
    const bar = one.querySelector("progress");
    if (bar) bar.value = news.progress;
    for (const percent of one.querySelectorAll("[data-percent]")) percent.textContent = Math.round(news.progress * 100);
    for (const left of one.querySelectorAll("[data-left]")) if (news.eta) aim(left, news.eta);
    if (news.preview) for (const image of one.querySelectorAll("[data-preview]")) preview(image);
  }
}

/** Shows the newest preview, once it is there: no flicker between two. */
function preview(image) {
  if (image.dataset.loading) return;
  image.dataset.loading = "1";
  const next = new Image();
  const done = () => delete image.dataset.loading;
  next.onerror = done;
  next.onload = () => {
    done();
    image.src = next.src;
    image.hidden = false;
  };
  next.src = `${image.dataset.preview}?n=${Date.now()}`;
}

// A picture that didn't come, while the server was away for a moment, is asked for once more.
document.addEventListener("error", ({ target }) => {
  if (!target.matches?.("img[src*='/images/']") || target.dataset.again) return;
  target.dataset.again = "1";
  setTimeout(() => (target.src = `${target.src.split("#")[0]}#again`), 3000);
}, true);

// -- times ------------------------------------------------------------------------------------------------------

const ends = new WeakMap();

function aim(element, seconds) {
  ends.set(element, { at: performance.now() + seconds * 1000, said: element.dataset.left });
}

function duration(seconds) {
  const s = Math.max(seconds, 0);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.round(s / 60)} min`;
  if (s < 86400) {
    const minutes = Math.round(s / 60);
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  }
  return `${Math.round(s / 86400)} days`;
}

const formats = {
  hour: { hour: "2-digit", minute: "2-digit" },
  day: { hour: "2-digit", minute: "2-digit" },
  week: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  quarter: { day: "numeric", month: "short" },
};

export const shown = (iso, over) => new Date(iso).toLocaleString([], formats[over]);

function tick() {
  for (const one of document.querySelectorAll("[data-left]")) {
    if (ends.get(one)?.said !== one.dataset.left) aim(one, Number(one.dataset.left));
    say(one, duration((ends.get(one).at - performance.now()) / 1000));
  }
  for (const one of document.querySelectorAll("[data-since]")) {
    const gone = (Date.now() - Date.parse(one.dateTime)) / 1000;
    say(one, gone < 2 ? "just now" : `${duration(gone)} ago`);
    one.title ||= new Date(one.dateTime).toLocaleString();
  }
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** What a new part needs before it is looked at. */
function lively(root) {
  for (const image of root.querySelectorAll("img.preview[hidden]")) {
    if (image.complete && image.naturalWidth) image.hidden = false;
    else preview(image);
  }
  for (const one of root.querySelectorAll("[data-at]")) one.textContent = shown(one.dateTime, one.dataset.at);
  tick();
}

// -- forms ------------------------------------------------------------------------------------------------------

const dialog = document.getElementById("confirm");

function confirmed(question) {
  document.getElementById("confirm-question").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** Sends a form without leaving the page, to its own address or another; gives the answer. */
export async function send(form, extra = {}, to = form.action, signal = undefined) {
  const data = new FormData(form);
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  const hasFile = [...data.values()].some((value) => value instanceof File && value.size);
  return fetch(to, { method: "POST", headers: part, signal, body: hasFile ? data : new URLSearchParams([...data].filter(([, value]) => !(value instanceof File))) });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form.act") || form.action.endsWith("/sign-out")) return;
  event.preventDefault();
  if (form.dataset.confirm && !(await confirmed(form.dataset.confirm))) return;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await send(form, form.dataset.confirm ? { confirmed: "1" } : {});
    toast(wordsOf(await answer.text()), !answer.ok);
    document.querySelectorAll("[data-src]").forEach(refresh);
  } catch {
    toast("The server can't be reached.", true);
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const lines = document.getElementById(copy.dataset.copy);
    try {
      await navigator.clipboard.writeText(lines.textContent);
      toast("Copied.");
    } catch {
      getSelection().selectAllChildren(lines); // without https there is no clipboard: Ctrl+C does
      toast("Selected: copy it with Ctrl+C.");
    }
  }
});

// -- theme, and the places that have no room on a phone ---------------------------------------------------------

const themes = { auto: "light", light: "dark", dark: "auto" };
document.getElementById("theme")?.addEventListener("click", () => {
  const theme = themes[document.documentElement.dataset.theme || "auto"];
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.cookie = `zosma_theme=${theme === "auto" ? "" : theme}; path=/; max-age=31536000; samesite=strict`;
  document.getElementById("theme-word").textContent = theme;
});

const more = document.getElementById("more");
const sheet = document.getElementById("sheet");
more?.addEventListener("click", () => {
  sheet.hidden = !sheet.hidden;
  more.setAttribute("aria-expanded", String(!sheet.hidden));
  if (!sheet.hidden) sheet.querySelector("a").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sheet && !sheet.hidden) {
    more.click();
    more.focus();
  }
});

lively(document);
listen();
setInterval(tick, 1000);
for (const region of document.querySelectorAll("[data-every]")) {
  setInterval(() => document.hidden || refresh(region), Number(region.dataset.every) * 1000);
}
