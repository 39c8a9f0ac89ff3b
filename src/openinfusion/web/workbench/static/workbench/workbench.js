// Handles on the chart's limit lines: dragged, or moved by arrow keys, they write into the fields; the fields are what counts.
const DIGITS = 3;
const STEPS = { ArrowUp: 1.02, ArrowRight: 1.02, ArrowDown: 1 / 1.02, ArrowLeft: 1 / 1.02, PageUp: 1.25, PageDown: 0.8 };

function plain(value) {
  const rounded = Number(value.toPrecision(DIGITS));
  const places = Math.max(0, Math.min(12, DIGITS - 1 - Math.floor(Math.log10(rounded))));
  return rounded.toFixed(places).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function fields() {
  return [...document.querySelectorAll("[data-limit]")];
}

function numberOf(field) {
  const value = Number(field.value);
  return field.value.trim() !== "" && Number.isFinite(value) && value > 0 ? value : null;
}

function set(field, value) {
  field.value = plain(value);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function lines() {
  return fields().filter((field) => numberOf(field) !== null).map((field) => ({
    limit: field.dataset.limit, kind: field.dataset.limit.slice(0, 4), value: numberOf(field), label: `${field.dataset.label} ${field.value}`,
  }));
}

function makeHandle(field) {
  const handle = document.createElement("div");
  handle.className = "oi-bench__handle";
  handle.tabIndex = 0;
  handle.setAttribute("role", "slider");
  handle.setAttribute("aria-label", field.dataset.label);
  handle.setAttribute("aria-orientation", "vertical");
  handle.addEventListener("keydown", (event) => {
    if (STEPS[event.key] === undefined || numberOf(field) === null) return;
    event.preventDefault();
    set(field, numberOf(field) * STEPS[event.key]);
  });
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus();
  });
  return handle;
}

function begin(room, view) {
  const unit = room.closest("[data-unit]").dataset.unit;
  const svg = room.querySelector("svg");
  const scaled = () => (svg.viewBox.baseVal.height ? svg.getBoundingClientRect().height / svg.viewBox.baseVal.height : 1);
  const reach = () => [view.scale("y").invert(view.height()), view.scale("y").invert(0)];
  const handles = fields().map((field) => [field, makeHandle(field)]);
  for (const [field, handle] of handles) {
    room.append(handle);
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const y = (event.clientY - svg.getBoundingClientRect().top) / scaled() - view.origin()[1];
      set(field, view.scale("y").invert(Math.max(0, Math.min(view.height(), y))));
    });
  }
  const place = () => {
    view.data("limits", lines()).run();
    const [low, high] = reach();
    for (const [field, handle] of handles) {
      const value = numberOf(field);
      handle.hidden = value === null;
      if (value === null) continue;
      handle.style.top = `${(view.origin()[1] + view.scale("y")(value)) * scaled()}px`;
      handle.style.left = `${view.origin()[0] * scaled()}px`;
      handle.setAttribute("aria-valuemin", plain(low));
      handle.setAttribute("aria-valuemax", plain(high));
      handle.setAttribute("aria-valuenow", field.value.trim());
      handle.setAttribute("aria-valuetext", `${field.value} ${unit}`);
    }
  };
  document.querySelector("[data-bench]").addEventListener("input", place);
  window.addEventListener("resize", place);
  place();
}

// What is kept is what stands in the fields.
document.querySelector("[data-bench-keep]")?.addEventListener("submit", (event) => {
  for (const field of fields()) event.target.elements[field.name].value = field.value;
});
// The chart may be drawn before this script runs, or after.
const chart = document.querySelector("[data-bench-chart] [data-chart]");
if (chart?.chartView) begin(chart.querySelector(".oi-chart__room"), chart.chartView);
else chart?.addEventListener("oi-drawn", () => begin(chart.querySelector(".oi-chart__room"), chart.chartView));
