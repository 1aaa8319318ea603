// The box for a prompt: sends without leaving the page, and says beside it what is wrong.

import { refresh, send, toast, wordsOf } from "./console.js";

const form = document.getElementById("create");
const prompt = document.getElementById("prompt");
const wrong = document.getElementById("wrong");
const button = form.querySelector(".go");

/** The request's names of fields, where the form has others. */
const names = { negative_prompt: "negative_prompt", "img2img.image": "picture", "img2img.denoising_strength": "denoising_strength", "hires.scale": "hires_scale", hires: "hires_scale" };

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  clear();
  try {
    const answer = await send(form);
    const words = wordsOf(await answer.text());
    if (answer.ok) {
      toast(words);
      await refresh(document.getElementById("mine"));
    } else complain(words, answer.headers.get("X-Field"));
  } catch {
    complain("The server can't be reached. What you have typed is still here.");
  } finally {
    button.disabled = false;
  }
});

function complain(text, field) {
  wrong.textContent = text;
  wrong.hidden = false;
  const input = field && form.elements[names[field] || field];
  if (!input || !input.setAttribute) return;
  input.closest("details")?.setAttribute("open", "");
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", "wrong");
  input.focus();
}

function clear() {
  wrong.hidden = true;
  for (const one of form.querySelectorAll("[aria-invalid]")) {
    one.removeAttribute("aria-invalid");
    one.removeAttribute("aria-describedby");
  }
}

// -- what it would cost, and how long one would wait ------------------------------------------------------------

const estimate = document.getElementById("estimate");
let asking = new AbortController();
let soon = 0;
let askedAt = 0;

/** Asks once nobody has typed for a moment. A chosen picture stays here: its bytes cost nothing. */
function ask(afterMs) {
  clearTimeout(soon);
  soon = setTimeout(async () => {
    if (document.hidden) return;
    asking.abort();
    const { signal } = (asking = new AbortController());
    askedAt = Date.now();
    const chosen = form.elements.picture.files.length ? { picture: "chosen" } : {};
    try {
      const answer = await send(form, chosen, "/console/estimate", signal);
      const told = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      estimate.replaceChildren(...(answer.ok ? told.childNodes : []));
    } catch {
      if (!signal.aborted) estimate.replaceChildren(); // what was said before may be wrong by now
    }
  }, afterMs);
}

form.addEventListener("input", () => ask(400));
form.addEventListener("change", () => ask(100));
// The line moves while somebody thinks.
document.getElementById("mine").addEventListener("shown", () => Date.now() - askedAt > 5000 && ask(100));
ask(200);

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

// Shape and size are in the way of a size that is typed, and the other way round.
const exact = [form.elements.width, form.elements.height];
for (const one of [...form.querySelectorAll("[name=shape]"), form.elements.side]) {
  one.addEventListener("change", () => exact.forEach((input) => (input.value = "")));
}
for (const one of exact) {
  one.addEventListener("input", () => form.querySelectorAll("[name=shape]").forEach((radio) => (radio.checked = false)));
}

form.addEventListener("click", (event) => {
  const lora = event.target.closest("[data-lora]");
  if (!lora) return;
  prompt.value = `${prompt.value.trimEnd()} <lora:${lora.dataset.lora}:1>`.trimStart();
  prompt.focus();
});

// On a phone the keyboard would cover half of the page.
if (matchMedia("(hover: hover)").matches && !location.hash) prompt.focus({ preventScroll: true });
