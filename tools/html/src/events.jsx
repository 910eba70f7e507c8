// SPDX-License-Identifier: Apache-2.0
// Every event: as many rows as fit, of a list that may have a million.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { programName } from "./block.js";
import { refusing } from "./query.js";
import { clock, count } from "./words.js";

const ROW = 26; // pixels, as in report.css
const HEAD = 27;
const HEIGHT_MAX = 8_000_000; // pixels; browsers draw nothing beyond some more

const columns = [
  ["time", "Time"],
  ["what", "Operation"],
  ["outcome", "Outcome"],
  ["object", "Object"],
  ["program", "Program"],
  ["pid", "Process"],
];

export function cellsOf(data, row) {
  const { names } = data;
  const detail = names[data.detail[row]];
  return [
    clock(data.start + data.time[row]),
    data.whats[data.what[row]],
    data.what[row] < data.whats.length - 5 ? data.outcomes[data.outcome[row]] : "",
    names[data.object[row]] + (detail ? `  ${detail}` : ""),
    programName(data, data.program[row]),
    String(data.pid[row]),
  ];
}

function Head({ sort, onSort }) {
  return (
    <div class="grid-head grid-row" role="row" aria-rowindex={1}>
      {columns.map(([key, name]) => {
        const direction = sort === key ? "ascending" : sort === `-${key}` ? "descending" : "none";
        return (
          <div role="columnheader" aria-sort={direction} key={key}>
            <button type="button" onClick={() => onSort(sort === key ? `-${key}` : key)}>
              {name}
              <span aria-hidden="true">{direction === "ascending" ? " \u25b2" : direction === "descending" ? " \u25bc" : ""}</span>
            </button>
          </div>
        );
      })}
    </div>
  );
}

function Row({ data, row, position, active, chosen, onChoose }) {
  const refused = data.what[row] < data.whats.length - 5 && refusing(data.outcome[row]);
  const cells = cellsOf(data, row);
  return (
    <div
      class={`grid-row${refused ? " is-refused" : ""}${chosen ? " is-chosen" : ""}`}
      role="row"
      aria-rowindex={position + 2}
      aria-selected={chosen}
      tabIndex={active ? 0 : -1}
      data-position={position}
      onClick={() => onChoose(position)}
    >
      {cells.map((cell, i) => (
        <div role="gridcell" key={i} title={i === 3 || i === 4 ? cell : undefined} class={i === 3 || i === 4 ? "name" : ""}>
          {cell}
        </div>
      ))}
    </div>
  );
}

// Where a scrolled list stands: the first row, with a fraction.
function firstRow(scroller, total) {
  const inView = (scroller.clientHeight - HEAD) / ROW;
  const path = scroller.scrollHeight - scroller.clientHeight;
  return path > 0 ? (scroller.scrollTop / path) * Math.max(0, total - inView) : 0;
}

export function Events({ data, rows, query, label, onSort, onChoose }) {
  const scroller = useRef();
  const grid = useRef();
  const [view, setView] = useState({ first: 0, height: 520 });
  const [active, setActive] = useState(0);
  const wantsFocus = useRef(false);
  const total = rows.length;
  const shown = Math.ceil(view.height / ROW) + 1;
  const first = Math.min(Math.floor(view.first), Math.max(0, total - 1));
  const fraction = view.first - Math.floor(view.first);
  const full = Math.min(total * ROW, HEIGHT_MAX);

  const look = () => {
    const element = scroller.current;
    if (element) setView({ first: firstRow(element, total), height: (element.clientHeight || 520) - HEAD });
  };
  useLayoutEffect(look, [total]);
  useEffect(() => {
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, [total]);

  const scrollTo = (position) => {
    const element = scroller.current;
    const inView = (element.clientHeight - HEAD) / ROW;
    const at = firstRow(element, total);
    const target = position < at ? position : position + 1 > at + inView ? position + 1 - inView : at;
    const path = element.scrollHeight - element.clientHeight;
    if (target !== at && total > inView) element.scrollTop = (target / (total - inView)) * path;
    look();
  };
  const chosen = query.at === "" ? -1 : Number(query.at);
  // A link to an event, or another order: bring the event into view.
  useEffect(() => {
    const position = chosen < 0 ? 0 : Math.max(0, rows.indexOf(chosen));
    setActive(position);
    scrollTo(position);
  }, [rows]);
  // In the same go as the row is drawn: a later one may be another row's by then.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const row = grid.current.querySelector(`[data-position="${active}"]`);
    if (row) {
      row.focus({ preventScroll: true });
      wantsFocus.current = false;
    }
  });

  const move = (position) => {
    const target = Math.max(0, Math.min(total - 1, position));
    wantsFocus.current = true;
    setActive(target);
    scrollTo(target);
  };
  const page = Math.max(1, Math.floor(view.height / ROW) - 1);
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -total, End: total };
  const onKeyDown = (event) => {
    if (!event.target.closest("[data-position]")) return;
    if (event.key in moves) move(active + moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") onChoose(rows[active]);
    else return;
    event.preventDefault();
  };

  const visible = [];
  for (let position = first; position < Math.min(total, first + shown); position++) {
    visible.push(
      <Row
        key={position}
        data={data}
        row={rows[position]}
        position={position}
        active={position === active}
        chosen={rows[position] === chosen}
        onChoose={(at) => {
          setActive(at);
          onChoose(rows[at]);
        }}
      />,
    );
  }
  // The row that the Tab key reaches is one that is there.
  const reachable = active >= first && active < first + shown;
  return (
    <div class="grid" role="grid" aria-label={label} aria-rowcount={total + 1} ref={grid} onKeyDown={onKeyDown}>
      <div
        class="grid-scroll"
        role="rowgroup"
        ref={scroller}
        onScroll={look}
        tabIndex={reachable ? -1 : 0}
        onFocus={(event) => event.target === scroller.current && move(first)}
      >
        <Head sort={query.sort} onSort={onSort} />
        <div class="grid-window" role="presentation" style={{ height: `${Math.min(view.height, full)}px` }}>
          <div role="presentation" style={{ transform: `translateY(${-fraction * ROW}px)` }}>
            {visible}
          </div>
        </div>
        <div style={{ height: `${Math.max(0, full - view.height)}px` }} />
      </div>
      {total === 0 && <p class="empty">No event is like that; {count(data.count)} are there.</p>}
    </div>
  );
}
