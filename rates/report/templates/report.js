"use strict";
(function () {
  // Plots: the figures name CSS variables, so that one JSON serves light, dark and print.
  const style = () => getComputedStyle(document.documentElement);
  function themed(value, css) {
    if (typeof value === "string" && value.startsWith("var(")) return css.getPropertyValue(value.slice(4, -1)).trim();
    if (Array.isArray(value)) return value.map((item) => themed(item, css));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, themed(item, css)]));
    return value;
  }
  const plots = Array.from(document.querySelectorAll(".plot")).map((node) => {
    const script = node.querySelector("script");
    return { node, figure: JSON.parse(script.textContent), shown: false };
  });
  const config = { responsive: true, displaylogo: false, displayModeBar: false };
  function draw(plot) {
    if (!window.Plotly) return;
    const figure = themed(plot.figure, style());
    figure.layout.font.family = getComputedStyle(document.body).fontFamily;
    if (plot.node.clientWidth < 500) {
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
    if (!plot.shown) plot.node.textContent = "";
    plot.shown = true;
    window.Plotly.react(plot.node, figure.data, figure.layout, config);
  }
  function drawAll() { plots.forEach(draw); }
  function start() {
    if (!("IntersectionObserver" in window)) return drawAll();
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const plot = plots.find((candidate) => candidate.node === entry.target);
        if (entry.isIntersecting && !plot.shown) draw(plot);
      }
    }, { rootMargin: "800px" });
    plots.forEach((plot) => watcher.observe(plot.node));
    const redraw = () => plots.filter((plot) => plot.shown).forEach(draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; drawAll(); });
    addEventListener("afterprint", () => { delete document.documentElement.dataset.print; redraw(); });
  }
  if (plots.length) {
    if (document.readyState === "complete") start();
    else addEventListener("load", start);
  }

  // Copy buttons.
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

  // The table of claims: sorting and filtering, kept in the address so that a view can be shared.
  const table = document.getElementById("claim-table");
  if (!table) return;
  const heads = Array.from(table.tHead.rows[0].cells);
  const bodies = Array.from(table.tBodies);
  const text = document.getElementById("filter-text");
  const outcome = document.getElementById("filter-outcome");
  const state = { q: "", outcome: "", sort: "" };

  function key(body, column) {
    const cell = body.rows[0].cells[column];
    const raw = cell.dataset.key !== undefined ? cell.dataset.key : cell.textContent.trim();
    return raw !== "" && isFinite(raw) ? Number(raw) : raw;
  }
  function before(a, b, sign) {
    // What has no number stays below, whichever way the rest is sorted.
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b));
  }
  function apply() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies) {
      const content = `${body.textContent} ${body.dataset.text}`.toLowerCase();
      const match = (!state.outcome || body.dataset.outcome === state.outcome) && words.every((w) => content.includes(w));
      body.hidden = !match;
      shown += match ? 1 : 0;
    }
    document.getElementById("shown").textContent = `${shown} of ${bodies.length}`;
    const descending = state.sort.startsWith("-");
    const column = heads.findIndex((head) => head.dataset.name === state.sort.replace("-", ""));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const order = column < 0 ? bodies : bodies.slice().sort((a, b) => before(key(a, column), key(b, column), descending ? -1 : 1));
    table.append(...order);
  }
  function remember() {
    const kept = Object.entries(state).filter(([, value]) => value);
    const hash = new URLSearchParams(kept).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
    apply();
  }
  function recall() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = given.get(name) || "";
    text.value = state.q;
    outcome.value = state.outcome;
    apply();
  }
  heads.forEach((head) => {
    const name = head.textContent.trim();
    head.dataset.name = name;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      state.sort = state.sort === name ? `-${name}` : name;
      remember();
    });
  });
  text.addEventListener("input", () => { state.q = text.value.trim(); remember(); });
  outcome.addEventListener("change", () => { state.outcome = outcome.value; remember(); });
  addEventListener("hashchange", recall);
  document.querySelector(".filter").hidden = false;
  recall();
})();
