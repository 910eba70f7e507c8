// SPDX-License-Identifier: Apache-2.0
// The lists that the page has without a script: their columns sort, and refusals lead to their events.

function valueOf(row, column) {
  const text = row.cells[column]?.textContent ?? "";
  return /^\d+$/.test(text) ? Number(text) : text;
}

function sortBy(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

export function makeSortable(table) {
  if (!table.tHead || table.tBodies[0].rows.length < 2) return;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(table, column, head));
    head.append(button);
  });
}

// The count of a row of refusals becomes a button. One that was grouped by something else tells of no single rule.
function leadToEvents(row, outcome, onQuery) {
  const [count, operation, object, rule] = row.cells;
  const place = rule.querySelector(".place");
  if (object.querySelector("b") || !place) return;
  const button = document.createElement("button");
  button.type = "button";
  button.title = "Show these events";
  button.append(...count.childNodes);
  button.addEventListener("click", () => onQuery({ what: operation.firstChild.data.split(" ")[0], outcome, q: `${rule.firstChild.data.trim()} (${place.textContent})` }));
  count.append(button);
}

export function leadRefusalsToEvents(article, outcomes, onQuery) {
  for (const [part, words] of [["refused", outcomes.slice(2, 3)], ["would", outcomes.slice(3)]])
    for (const row of article.querySelectorAll(`[data-part="${part}"] tbody tr`)) leadToEvents(row, words.join(","), onQuery);
}
