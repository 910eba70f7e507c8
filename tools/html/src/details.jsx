// SPDX-License-Identifier: Apache-2.0
// One event in full, and what leads on from it.
import { useEffect, useRef } from "preact/hooks";

import { programName } from "./block.js";
import { linkTo } from "./query.js";
import { when } from "./words.js";

export function Details({ data, row, session, query, onQuery, onClose }) {
  const part = useRef();
  useEffect(() => part.current?.scrollIntoView({ block: "nearest" }), [row]);
  if (!(row >= 0 && row < data.count)) return null;
  const { names, programs } = data;
  const program = data.program[row];
  const operation = data.what[row] < data.whats.length - 5;
  const fields = [
    ["Event", `${row + 1} of ${data.count}`],
    ["Time", when(data.start + data.time[row])],
    ["Operation", data.whats[data.what[row]]],
    ["Outcome", operation ? data.outcomes[data.outcome[row]] : ""],
    ["Object", names[data.object[row]]],
    ["With", names[data.detail[row]]],
    ["Error", names[data.error[row]]],
    ["Rule", names[data.rule[row]]],
    ["Source line", names[data.source[row]]],
    ["libc function", names[data.call[row]]],
    ["Process", String(data.pid[row])],
    ["Program", program ? names[programs.exe[program - 1]] : ""],
    ["Its words", program ? names[programs.argv[program - 1]] : ""],
    ["Started by", program && programs.parent[program - 1] ? programName(data, programs.parent[program - 1]) : ""],
  ];
  return (
    <section class="details" ref={part} aria-label="The chosen event">
      <dl>
        {fields
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </div>
          ))}
      </dl>
      <p class="buttons">
        <button type="button" onClick={() => onQuery({ q: names[data.object[row]] })}>
          This object's events
        </button>
        <button type="button" onClick={() => onQuery({ pid: String(data.pid[row]) })}>
          This process's events
        </button>
        {program > 0 && (
          <button type="button" onClick={() => onQuery({ program: String(program - 1) })}>
            This program's events
          </button>
        )}
        <a href={linkTo(session, { ...query, at: String(row) })}>Link to this event</a>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </p>
    </section>
  );
}
