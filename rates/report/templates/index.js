"use strict";
// The table of claims: sorting and filtering, kept in the address so that a view can be shared and come back to.
(function () {
  const table = document.getElementById("claim-table");
  const form = document.querySelector("form.filter");
  const shown = document.getElementById("shown");
  const clear = document.getElementById("clear");
  const heads = Array.from(table.tHead.rows[0].cells);
  const bodies = Array.from(table.tBodies);
  if (!bodies.length) return;
  const search = form.elements.namedItem("q");
  const menus = Array.from(form.querySelectorAll("select"));
  const state = { q: "", sort: "" };
  for (const menu of menus) state[menu.name] = "";

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
  const texts = new Map(bodies.map((body) => [body, `${body.textContent} ${body.dataset.text}`.toLowerCase()]));
  function matches(body, words) {
    const chosen = menus.every(({ name }) => !state[name] || body.dataset[name].split(" ").includes(state[name]));
    return chosen && words.every((word) => texts.get(body).includes(word));
  }
  function filter() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    for (const body of bodies) body.hidden = !matches(body, words);
    const count = bodies.filter((body) => !body.hidden).length;
    shown.textContent = `${count} of ${bodies.length} shown`;
    document.getElementById("nothing").hidden = count > 0;
    clear.hidden = !words.length && menus.every(({ name }) => !state[name]);
    for (const pill of document.querySelectorAll(".counts button"))
      pill.setAttribute("aria-pressed", String(pill.dataset.outcome === state.outcome));
  }
  function sort() {
    const descending = state.sort.startsWith("-");
    const column = heads.findIndex((head) => head.dataset.name === state.sort.replace("-", ""));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const sign = descending ? -1 : 1;
    const order = (a, b) => before(key(a, column), key(b, column), sign);
    table.append(...(column < 0 ? bodies : bodies.slice().sort(order)));
  }
  function address() {
    return new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
  }
  function apply() {
    filter();
    sort();
    const from = address();
    const suffix = from ? `#${new URLSearchParams({ from })}` : "";
    for (const link of table.querySelectorAll("tbody th a")) link.hash = suffix;
  }
  function remember() {
    const hash = address();
    history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]);
    apply();
  }
  function recall() {
    const given = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(state)) state[name] = given.get(name) || "";
    search.value = state.q;
    for (const menu of menus) {
      menu.value = state[menu.name];
      if (menu.selectedIndex < 0) menu.value = state[menu.name] = ""; // an address of another run
    }
    apply();
  }

  heads.forEach((head) => {
    const name = head.textContent.trim();
    const button = document.createElement("button");
    head.dataset.name = name;
    button.type = "button";
    button.textContent = name;
    if (head.dataset.hint) button.title = head.dataset.hint;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      state.sort = state.sort === name ? `-${name}` : name;
      remember();
    });
  });
  for (const item of document.querySelectorAll(".counts li")) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.outcome = item.dataset.outcome;
    button.replaceChildren(...item.childNodes);
    item.replaceChildren(button);
    button.addEventListener("click", () => {
      state.outcome = state.outcome === item.dataset.outcome ? "" : item.dataset.outcome;
      form.elements.namedItem("outcome").value = state.outcome;
      remember();
    });
  }
  search.addEventListener("input", () => { state.q = search.value.trim(); remember(); });
  for (const menu of menus) menu.addEventListener("change", () => { state[menu.name] = menu.value; remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    for (const { name } of [search, ...menus]) state[name] = "";
    remember();
    search.focus();
  });
  addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
})();
