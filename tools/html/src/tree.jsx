// SPDX-License-Identifier: Apache-2.0
// The programs of a session, who ran what: with what each and all below it did.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { programName } from "./block.js";
import { refusing } from "./query.js";
import { count, counted } from "./words.js";

const OPEN_FIRST = 60; // programs that are in sight at the beginning
const CHILDREN = 100; // of one program that are shown at a time

// Events and refusals of each program and all below it. Parents come before their children.
function countsOf(data) {
  const { parent, count: programs } = data.programs;
  const events = new Float64Array(programs + 1);
  const refused = new Float64Array(programs + 1);
  for (let i = 0; i < data.count; i++) {
    events[data.program[i]]++;
    if (data.what[i] < data.whats.length - 5 && refusing(data.outcome[i])) refused[data.program[i]]++;
  }
  for (let i = programs; i > 0; i--) {
    if (!parent[i - 1]) continue;
    events[parent[i - 1]] += events[i];
    refused[parent[i - 1]] += refused[i];
  }
  return { events, refused };
}

function childrenOf(programs) {
  const children = Array.from({ length: programs.count + 1 }, () => []);
  for (let i = 0; i < programs.count; i++) children[programs.parent[i]].push(i + 1);
  return children;
}

// What began it all; then level by level, until enough is in sight; and where something was refused.
function openFirst(programs, children, refused) {
  const open = new Set(children[0].slice(0, 1));
  let seen = children[0].length;
  for (let level = children[0]; level.length && seen < OPEN_FIRST; level = level.flatMap((node) => children[node]))
    for (const node of level) {
      if (!children[node].length || (seen >= OPEN_FIRST && !refused[node])) continue;
      open.add(node);
      seen += children[node].length;
    }
  return open;
}

function linesOf(children, open, shown) {
  const lines = [];
  const walk = (node, depth) => {
    const all = children[node];
    const limit = shown.get(node) ?? CHILDREN;
    all.slice(0, limit).forEach((child, i) => {
      lines.push({ node: child, depth, place: i + 1, siblings: all.length });
      if (open.has(child)) walk(child, depth + 1);
    });
    if (all.length > limit) lines.push({ more: node, left: all.length - limit, depth });
  };
  walk(0, 1);
  return lines;
}

export function Tree({ data, query, onQuery }) {
  const { programs } = data;
  const children = useMemo(() => childrenOf(programs), [data]);
  const counts = useMemo(() => countsOf(data), [data]);
  const [open, setOpen] = useState(() => openFirst(programs, children, counts.refused));
  const [shown, setShown] = useState(new Map());
  const [active, setActive] = useState(children[0][0] ?? 0);
  const tree = useRef();
  const wantsFocus = useRef(false);
  const lines = linesOf(children, open, shown);
  const nodes = lines.filter((line) => line.node);

  // In the same go as the row is drawn: a later one may be another row's by then.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    wantsFocus.current = false;
    tree.current.querySelector(`[data-node="${active}"]`)?.focus();
  });
  const toggle = (node, wanted) => {
    const next = new Set(open);
    if (wanted ?? !next.has(node)) next.add(node);
    else next.delete(node);
    setOpen(next);
  };
  const go = (node) => {
    if (!node) return;
    wantsFocus.current = true;
    setActive(node);
  };
  const choose = (node) => onQuery({ program: query.program === String(node - 1) ? "" : String(node - 1) });
  const onKeyDown = (event) => {
    const at = nodes.findIndex((line) => line.node === active);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 };
    if (!event.target.dataset.node) return;
    if (event.key in steps) go(nodes[steps[event.key]]?.node);
    else if (event.key === "ArrowRight" && !open.has(active)) toggle(active, true);
    else if (event.key === "ArrowRight") go(children[active][0]);
    else if (event.key === "ArrowLeft" && open.has(active) && children[active].length) toggle(active, false);
    else if (event.key === "ArrowLeft") go(programs.parent[active - 1]);
    else if (event.key === "Enter" || event.key === " ") choose(active);
    else return;
    event.preventDefault();
  };

  return (
    <ul class="tree-lines" role="tree" aria-label="Programs; Enter shows the events of one and all it ran" ref={tree} onKeyDown={onKeyDown}>
      {lines.map((line) => {
        const indent = { paddingLeft: `${(line.depth - 1) * 1.3}rem` };
        if (!line.node)
          return (
            <li role="none" key={`more-${line.more}`} style={indent}>
              <button type="button" onClick={() => setShown(new Map(shown).set(line.more, (shown.get(line.more) ?? CHILDREN) + CHILDREN))}>
                {`Show more of ${count(line.left)}`}
              </button>
            </li>
          );
        const { node } = line;
        const parent = children[node].length > 0;
        const coverage = programs.coverage[node - 1];
        const chosen = query.program === String(node - 1);
        return (
          <li
            key={node}
            role="treeitem"
            aria-level={line.depth}
            aria-posinset={line.place}
            aria-setsize={line.siblings}
            aria-expanded={parent ? open.has(node) : undefined}
            aria-selected={chosen}
            tabIndex={node === active ? 0 : -1}
            data-node={node}
            class={chosen ? "is-chosen" : ""}
            style={indent}
            onClick={() => {
              setActive(node);
              choose(node);
            }}
          >
            <span
              class="twist"
              aria-hidden="true"
              onClick={(event) => {
                event.stopPropagation();
                if (parent) toggle(node);
              }}
            >
              {parent ? (open.has(node) ? "\u25be" : "\u25b8") : ""}
            </span>
            {programs.runs[node - 1] > 1 && `${count(programs.runs[node - 1])}x `}
            <code>{programName(data, node)}</code>
            <span class="place">{` ${counted(counts.events[node], "event", "events")}`}</span>
            {counts.refused[node] > 0 && <span class="refused">{`, ${count(counts.refused[node])} ${data.refused}`}</span>}
            {coverage > 1 && <strong class="doubt">{` without hooks: ${data.coverages[coverage]}`}</strong>}
          </li>
        );
      })}
    </ul>
  );
}
