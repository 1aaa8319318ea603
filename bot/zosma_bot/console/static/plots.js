// Reading a plot: pointer and arrow keys show the numbers of one moment, taken from the plot's own table.

import { shown } from "./console.js";

function point(figure, index) {
  const rows = figure.querySelectorAll("tbody tr");
  const at = Math.min(Math.max(index, 0), rows.length - 1);
  const row = rows[at];
  const time = row.querySelector("time");
  const when = shown(time.dateTime, time.dataset.at);
  const values = [...row.querySelectorAll("td")].map((cell) => cell.textContent);
  const cursor = figure.querySelector(".cursor");
  cursor.setAttribute("x", at);
  cursor.setAttribute("visibility", "visible");
  for (const one of figure.querySelectorAll("[data-value]")) one.textContent = values[Number(one.dataset.value)];
  figure.querySelector("[data-when]").textContent = when;
  figure.dataset.at = at;
  return { when, values };
}

function leave(figure) {
  figure.querySelector(".cursor")?.setAttribute("visibility", "hidden");
  for (const one of figure.querySelectorAll("[data-value], [data-when]")) one.textContent = "";
  delete figure.dataset.at;
}

const page = document.getElementById("history");

page.addEventListener("pointermove", (event) => {
  const figure = event.target.closest(".plot");
  const svg = event.target.closest(".drawn")?.querySelector("svg");
  if (!svg) return;
  const box = svg.getBoundingClientRect();
  const count = figure.querySelectorAll("tbody tr").length;
  point(figure, Math.floor(((event.clientX - box.left) / box.width) * count));
});

page.addEventListener("pointerout", (event) => {
  const drawn = event.target.closest(".drawn");
  if (drawn && !drawn.contains(event.relatedTarget)) leave(drawn.closest(".plot"));
});

page.addEventListener("keydown", (event) => {
  const figure = event.target.matches(".drawn") && event.target.closest(".plot");
  if (!figure) return;
  const last = figure.querySelectorAll("tbody tr").length - 1;
  const at = figure.dataset.at === undefined ? last : Number(figure.dataset.at);
  const to = { ArrowLeft: figure.dataset.at === undefined ? last : at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const { when, values } = point(figure, to);
  const names = [...figure.querySelectorAll(".legend .key")].map((one) => one.firstChild.nextSibling.textContent.trim());
  figure.querySelector("[data-spoken]").textContent = `${when}: ${names.map((name, i) => `${name} ${values[i]}`).join(", ")}`;
});
