// SPDX-License-Identifier: Apache-2.0
// Which events are wanted and in which order, and how a link tells it.

export const everything = { q: "", what: "", outcome: "", pid: "", program: "", from: "", to: "", sort: "time", at: "" };

export const refusing = (outcome) => outcome >= 2;

// Links begin with "#events="; everything else behind a '#' is an anchor of the page.
export function readLink(hash) {
  if (!hash.startsWith("#events=")) return null;
  const words = new URLSearchParams(hash.slice(1));
  const query = { ...everything };
  for (const key of Object.keys(everything)) if (words.has(key)) query[key] = words.get(key);
  return { session: Number(words.get("events")) || 1, query };
}

export function linkTo(session, query) {
  const words = new URLSearchParams({ events: session });
  for (const key of Object.keys(everything)) if (query[key] !== everything[key]) words.set(key, query[key]);
  return "#" + words;
}

// 1 for each name that has the words.
function namesWith(data, words) {
  data.lower ??= data.names.map((name) => name.toLowerCase());
  const wanted = words.toLowerCase();
  return Uint8Array.from(data.lower, (name) => (name.includes(wanted) ? 1 : 0));
}

// 1 for each program number + 1 below and at a program; parents come before their children.
export function subtree(programs, top) {
  const inside = new Uint8Array(programs.count + 1);
  inside[top + 1] = 1;
  for (let i = top + 1; i < programs.count; i++) if (programs.parent[i] && inside[programs.parent[i]]) inside[i + 1] = 1;
  return inside;
}

function matcher(data, query) {
  const tests = [];
  const { what, outcome, object, detail, source, rule, call, error, program, pid, time, programs } = data;
  if (query.what) {
    const wanted = query.what.split(",").map((word) => data.whats.indexOf(word));
    tests.push((i) => wanted.includes(what[i]));
  }
  if (query.outcome) {
    const wanted = query.outcome.split(",").map((word) => data.outcomes.indexOf(word));
    tests.push((i) => wanted.includes(outcome[i]));
  }
  if (query.pid) tests.push((i) => pid[i] === Number(query.pid));
  if (query.program !== "") {
    const inside = subtree(programs, Number(query.program));
    tests.push((i) => inside[program[i]] === 1);
  }
  if (query.from !== "") tests.push((i) => time[i] >= Number(query.from));
  if (query.to !== "") tests.push((i) => time[i] <= Number(query.to));
  if (query.q) {
    const has = namesWith(data, query.q);
    const programHas = new Uint8Array(programs.count + 1);
    for (let i = 0; i < programs.count; i++) programHas[i + 1] = has[programs.exe[i]] | has[programs.argv[i]];
    tests.push((i) => has[object[i]] | has[detail[i]] | has[source[i]] | has[rule[i]] | has[call[i]] | has[error[i]] | programHas[program[i]]);
  }
  return tests;
}

export function select(data, query) {
  const tests = matcher(data, query);
  const rows = new Uint32Array(data.count);
  let count = 0;
  for (let i = 0; i < data.count; i++) {
    let wanted = true;
    for (let k = 0; k < tests.length && wanted; k++) wanted = tests[k](i);
    if (wanted) rows[count++] = i;
  }
  return rows.subarray(0, count);
}

// By what a column is sorted: names are numbered in their order, so numbers do.
const keys = {
  what: (data) => data.what,
  outcome: (data) => data.outcome,
  object: (data) => data.object,
  rule: (data) => data.rule,
  pid: (data) => data.pid,
  program: (data) => {
    const { argv, exe, count } = data.programs;
    const names = new Uint32Array(count + 1);
    for (let i = 0; i < count; i++) names[i + 1] = argv[i] || exe[i];
    return data.program.map((number) => names[number]);
  },
};

// Sorted rows; among equals, in the order of the log. SORT is a column, "-" before it for the other way round.
export function sorted(data, rows, sort) {
  const down = sort.startsWith("-");
  const column = down ? sort.slice(1) : sort;
  if (!Object.hasOwn(keys, column)) return down ? rows.slice().reverse() : rows;
  const key = keys[column](data);
  const sign = down ? -1 : 1;
  const room = 2 ** Math.ceil(Math.log2(data.count + 1));
  const packed = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) packed[i] = sign * key[rows[i]] * room + rows[i];
  packed.sort();
  return Uint32Array.from(packed, (number) => number - Math.floor(number / room) * room);
}
