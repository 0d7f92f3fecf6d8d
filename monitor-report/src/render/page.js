"use strict";
// Each point of a chart carries its tooltip as a <title>. Here it is shown at once, for the pointer and for the keyboard.
const tooltip = document.getElementById("tooltip");
for (const chart of document.querySelectorAll(".cost-chart")) {
  const runs = [...chart.querySelectorAll(".run")];
  const texts = runs.map((run) => {
    const title = run.querySelector("title");
    title.remove();
    return title.textContent;
  });
  let here = -1;
  const hide = () => {
    tooltip.hidden = true;
    runs[here]?.classList.remove("here");
  };
  const show = (index) => {
    hide();
    here = index;
    runs[here].classList.add("here");
    tooltip.textContent = texts[here];
    tooltip.hidden = false;
    const run = runs[here].getBoundingClientRect();
    const tip = tooltip.getBoundingClientRect();
    const right = run.left + run.width / 2 + 12;
    const left = right + tip.width > innerWidth ? right - 24 - tip.width : right;
    tooltip.style.left = `${Math.max(4, left)}px`;
    tooltip.style.top = `${Math.max(4, Math.min(run.top + 8, innerHeight - tip.height - 4))}px`;
  };
  const keys = {
    ArrowLeft: () => Math.max(here - 1, 0),
    ArrowRight: () => Math.min(here + 1, runs.length - 1),
    Home: () => 0,
    End: () => runs.length - 1,
  };
  runs.forEach((run, index) => run.addEventListener("pointerenter", () => show(index)));
  for (const change of chart.querySelectorAll(".change")) {
    change.querySelector("title").remove();
    change.addEventListener("pointerenter", () => show(Number(change.dataset.run)));
  }
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (!(event.key in keys) || runs.length === 0) return;
    event.preventDefault();
    show(keys[event.key]());
  });
  chart.setAttribute("tabindex", "0");
  chart.setAttribute("aria-label", `${chart.getAttribute("aria-label")}. Arrow keys go from run to run.`);
}
// Long tables can be searched, and sorted by a click on a heading.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  if (rows.length < 5) continue;
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (a, b) => (a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b));
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const sign = heading.getAttribute("aria-sort") === "descending" ? 1 : -1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      body.append(...rows.sort((a, b) => sign * compare(value(a, column), value(b, column))));
    });
  });
  const find = document.createElement("input");
  find.type = "search";
  find.className = "find";
  find.placeholder = "Find";
  find.setAttribute("aria-label", `Find in: ${table.caption.textContent}`);
  find.addEventListener("input", () => {
    const wanted = find.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  table.parentElement.before(find);
}
// On paper everything is open.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
