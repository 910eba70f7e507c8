// SPDX-License-Identifier: Apache-2.0
// A session's events out of the page's block of data. Its form is described in tools/event_block.h.

async function unpack(base64) {
  const bytes = Uint8Array.fromBase64
    ? Uint8Array.fromBase64(base64)
    : Uint8Array.from(atob(base64.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function sectionsOf(bytes) {
  const view = new DataView(bytes.buffer);
  const sections = {};
  for (let at = 0; at < bytes.length; ) {
    const nameLength = bytes[at];
    const name = String.fromCharCode(...bytes.subarray(at + 1, at + 1 + nameLength));
    const start = at + 1 + nameLength + 4;
    const length = view.getUint32(start - 4, true);
    sections[name] = bytes.subarray(start, start + length);
    at = start + length;
  }
  return sections;
}

const linesOf = (bytes) => new TextDecoder().decode(bytes).split("\n");

// All lowest bytes, all middle ones, all highest ones.
function numbersOf(bytes) {
  const count = bytes.length / 3;
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = bytes[i] | (bytes[i + count] << 8) | (bytes[i + 2 * count] << 16);
  return numbers;
}

// LEB128 of the zigzag form; times take more than the 32 bits of the shift operators.
function variableNumbersOf(bytes, count) {
  const numbers = new Float64Array(count);
  for (let i = 0, at = 0; i < count; i++) {
    let byte = bytes[at++];
    let number = byte & 127;
    for (let unit = 128; byte & 128; unit *= 128) {
      byte = bytes[at++];
      number += (byte & 127) * unit;
    }
    numbers[i] = number % 2 ? -(number + 1) / 2 : number / 2;
  }
  return numbers;
}

function summed(steps, start) {
  let value = start;
  for (let i = 0; i < steps.length; i++) steps[i] = value += steps[i];
  return steps;
}

function programsOf(sections, count) {
  return {
    count,
    parent: numbersOf(sections.parent),
    exe: numbersOf(sections.exe),
    argv: numbersOf(sections.argv),
    runs: variableNumbersOf(sections.runs, count),
    firstPid: variableNumbersOf(sections.first_pid, count),
    uid: variableNumbersOf(sections.uid, count),
    coverage: sections.coverage,
  };
}

export async function readBlock(element) {
  const sections = sectionsOf(await unpack(element.textContent));
  const meta = Object.fromEntries(linesOf(sections.meta).map((line) => line.split(" ")).map(([word, number]) => [word, Number(number)]));
  const count = meta.events;
  return {
    count,
    cut: meta.cut,
    start: meta.start_us,
    whats: linesOf(sections.whats),
    outcomes: linesOf(sections.outcomes),
    coverages: linesOf(sections.coverages),
    names: linesOf(sections.names),
    time: summed(variableNumbersOf(sections.time, count), 0), // microseconds since start
    pid: summed(variableNumbersOf(sections.pid, count), 0),
    // In an audit nothing is refused.
    refused: sections.outcome.includes(2) || !sections.outcome.some((outcome) => outcome > 2) ? "refused" : "would be refused",
    what: sections.what,
    outcome: sections.outcome,
    program: numbersOf(sections.program),
    object: numbersOf(sections.object),
    detail: numbersOf(sections.detail),
    source: numbersOf(sections.source),
    rule: numbersOf(sections.rule),
    call: numbersOf(sections.call),
    error: numbersOf(sections.error),
    programs: programsOf(sections, meta.programs),
  };
}

// What a program is told by: its words, else its file.
export function programName(data, number) {
  if (number === 0) return "";
  const { argv, exe } = data.programs;
  return data.names[argv[number - 1]] || data.names[exe[number - 1]] || "?";
}
