"use strict";
// A claim's page: its plots, its copy buttons, and links that lead back to the view of the index one came from.
(function () {
  // Figures name CSS variables, so that one JSON serves light, dark and print.
  function themed(value, css) {
    if (typeof value === "string" && value.startsWith("var(")) return css.getPropertyValue(value.slice(4, -1)).trim();
    if (Array.isArray(value)) return value.map((item) => themed(item, css));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, themed(item, css)]));
    return value;
  }
  const plots = Array.from(document.querySelectorAll(".plot")).map((node) => {
    return { node, figure: JSON.parse(node.querySelector("script").textContent), shown: false };
  });
  const config = { responsive: true, displaylogo: false, displayModeBar: false };
  function narrowed(figure) {
    figure.layout.font.size = 11;
    figure.layout.margin.l = 50;
    // Two columns of legend and every other tick, instead of one column and slanted numbers.
    const longest = Math.max(0, ...figure.data.filter((t) => t.showlegend !== false).map((t) => (t.name || "").length));
    Object.assign(figure.layout.legend, { entrywidth: 7 * longest, font: { size: 11 } });
    for (const [name, axis] of Object.entries(figure.layout)) {
      if (!name.startsWith("xaxis") || !axis.tickvals || axis.tickvals.length <= 6) continue;
      axis.tickvals = axis.tickvals.filter((_, i) => i % 2 === 0);
      axis.ticktext = axis.ticktext.filter((_, i) => i % 2 === 0);
    }
  }
  function draw(plot) {
    if (!window.Plotly) return;
    const figure = themed(plot.figure, getComputedStyle(document.documentElement));
    const { fontFamily: family } = getComputedStyle(document.body);
    for (const font of [figure.layout.font, figure.layout.hoverlabel.font]) font.family = family;
    if (plot.node.clientWidth < 500) narrowed(figure);
    if (!plot.shown) plot.node.textContent = "";
    plot.shown = true;
    window.Plotly.react(plot.node, figure.data, figure.layout, config);
  }
  function start() {
    if (!("IntersectionObserver" in window)) return plots.forEach(draw);
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const plot = plots.find((candidate) => candidate.node === entry.target);
        if (entry.isIntersecting && !plot.shown) draw(plot);
      }
    }, { rootMargin: "800px" });
    plots.forEach((plot) => watcher.observe(plot.node));
    const redraw = () => plots.filter((plot) => plot.shown).forEach(draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; plots.forEach(draw); });
    addEventListener("afterprint", () => { delete document.documentElement.dataset.print; redraw(); });
  }
  if (plots.length) {
    if (document.readyState === "complete") start();
    else addEventListener("load", start);
  }

  // The index says in the address which view of it a reader came from: #from=outcome%3Drefuted
  const from = new URLSearchParams(location.hash.slice(1)).get("from");
  if (from)
    document.querySelectorAll("a.keeps-view").forEach((link) => {
      const index = link.getAttribute("href").endsWith("index.html");
      link.hash = index ? from : new URLSearchParams({ from }).toString();
    });

  function select(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }
  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch (refused) {
        select(code);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  });
})();
