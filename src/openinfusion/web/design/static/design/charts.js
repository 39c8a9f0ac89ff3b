// Draws each chart of a page from the JSON beside it. Expressions are interpreted, never evaluated, and every style is ours:
// the page's policy allows nothing else. Where drawing fails, the table below is opened: it says the same.
const OPTIONS = {
  mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip: { disableDefaultStyle: true },
};

async function draw(figure) {
  const room = figure.querySelector(".oi-chart__room");
  try {
    const { view } = await vegaEmbed(room, JSON.parse(figure.querySelector('script[type="application/json"]').textContent), OPTIONS);
    // One picture for a screen reader, in the words of the description; not mark by mark.
    room.querySelector("svg").setAttribute("aria-hidden", "true");
    figure.dataset.chart = "drawn";
    // For a page that has more to do with it, such as handles on its lines.
    figure.chartView = view;
    figure.dispatchEvent(new CustomEvent("oi-drawn", { bubbles: true }));
  } catch (error) {
    figure.dataset.chart = "missing";
    room.parentElement.hidden = true;
    figure.querySelector(".oi-chart__missing").hidden = false;
    figure.querySelector("details").open = true;
    console.error(error);
  }
}

document.querySelectorAll("[data-chart]").forEach(draw);
