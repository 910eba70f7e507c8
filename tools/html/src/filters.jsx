// SPDX-License-Identifier: Apache-2.0
// What of the events is shown.
import { useEffect, useRef, useState } from "preact/hooks";

import { programName } from "./block.js";
import { everything } from "./query.js";
import { clock, counted } from "./words.js";

// Words of a list that are in the log, with how often.
function present(words, column) {
  const numbers = new Array(words.length).fill(0);
  for (let i = 0; i < column.length; i++) numbers[column[i]]++;
  return words.map((word, i) => [word, numbers[i]]).filter(([, number]) => number > 0);
}

function Choice({ label, words, value, onValue }) {
  return (
    <label>
      {label}
      <select aria-label={label} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
        <option value="">all</option>
        {value.includes(",") && <option value={value}>{value.replaceAll(",", ", ")}</option>}
        {words.map(([word, number]) => (
          <option value={word} key={word}>{`${word} (${number})`}</option>
        ))}
      </select>
    </label>
  );
}

function Chip({ name, children, onClear }) {
  return (
    <button type="button" class="chip" onClick={onClear} aria-label={`Remove the filter: ${name}`}>
      {children} <span aria-hidden="true">{"\u00d7"}</span>
    </button>
  );
}

export function Filters({ data, query, found, onQuery }) {
  const [text, setText] = useState(query.q);
  const field = useRef();
  data.presentWhats ??= present(data.whats, data.what);
  data.presentOutcomes ??= present(data.outcomes, data.outcome);
  useEffect(() => setText(query.q), [query.q]);
  // Not at each key: a search goes through every name.
  useEffect(() => {
    if (text === query.q) return;
    const timer = setTimeout(() => onQuery({ q: text }), 120);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const onKey = (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      field.current.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const clear = (...keys) => onQuery(Object.fromEntries(keys.map((key) => [key, ""])));
  const filtered = Object.keys(everything).some((key) => !["sort", "at"].includes(key) && query[key] !== everything[key]);
  return (
    <div class="filters" role="search" aria-label="Events">
      <label>
        Find
        <input
          type="search"
          aria-label="Find"
          ref={field}
          value={text}
          placeholder="name, program, rule, error (press /)"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && setText("")}
        />
      </label>
      <Choice label="Operation" words={data.presentWhats} value={query.what} onValue={(what) => onQuery({ what })} />
      <Choice label="Outcome" words={data.presentOutcomes} value={query.outcome} onValue={(outcome) => onQuery({ outcome })} />
      {query.pid && (
        <Chip name="process" onClear={() => clear("pid")}>
          process {query.pid}
        </Chip>
      )}
      {query.program !== "" && (
        <Chip name="program" onClear={() => clear("program")}>
          below {programName(data, Number(query.program) + 1)}
        </Chip>
      )}
      {(query.from !== "" || query.to !== "") && (
        <Chip name="time" onClear={() => clear("from", "to")}>
          {clock(data.start + Number(query.from))} to {clock(data.start + Number(query.to))}
        </Chip>
      )}
      {filtered && (
        <button type="button" onClick={() => onQuery({ ...everything, sort: query.sort })}>
          Show all
        </button>
      )}
      <output aria-live="polite">
        {filtered ? `${found.toLocaleString("en")} of ${counted(data.count, "event", "events")}` : counted(data.count, "event", "events")}
      </output>
    </div>
  );
}
