"use strict";
// Each run of a chart carries its tooltip as a <title>. Here it is shown at once, for the pointer and for the keyboard.
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
