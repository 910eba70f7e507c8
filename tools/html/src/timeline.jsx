// SPDX-License-Identifier: Apache-2.0
// When it happened: drag to look closer; what is looked at is what the list shows.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { refusing } from "./query.js";
import { clock, count, duration } from "./words.js";

const BARS = 160;
const HEIGHT = 150; // pixels

function bars(data, rows, from, to) {
  const width = Math.max(1, (to - from) / BARS);
  const at = new Float64Array(BARS);
  const all = new Float64Array(BARS);
  const refused = new Float64Array(BARS);
  for (let i = 0; i < BARS; i++) at[i] = from + (i + 0.5) * width;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const bar = Math.min(BARS - 1, Math.max(0, Math.floor((data.time[row] - from) / width)));
    all[bar]++;
    if (data.what[row] < data.whats.length - 5 && refusing(data.outcome[row])) refused[bar]++;
  }
  // What was refused is seen, also one beside a thousand: drawn at least so high, told exactly.
  const most = all.reduce((a, b) => Math.max(a, b), 1);
  return { at, all, refused, drawn: refused.map((number) => (number ? Math.max(number, most / 30) : 0)) };
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function makePlot(element, data, current, onRange) {
  const path = uPlot.paths.bars({ size: [0.9, 40], align: 0 });
  const series = (label, name, get) => ({
    label,
    fill: () => colour(name),
    stroke: () => colour(name),
    width: 0,
    paths: path,
    points: { show: false },
    value: (plot, value, number, at) => (at === null || at === undefined ? "" : count(get(current.bars)[at])),
  });
  const plot = new uPlot(
    {
      width: element.clientWidth || 800,
      height: HEIGHT,
      scales: { x: { time: false, range: () => current.range }, y: { range: (self, low, high) => [0, Math.max(1, high)] } },
      axes: [
        { stroke: () => colour("--dim"), grid: { show: false }, values: (self, ticks) => ticks.map((us) => clock(data.start + us).slice(0, current.range[1] - current.range[0] < 10e6 ? 15 : 8)), space: 110 },
        { stroke: () => colour("--dim"), grid: { stroke: () => colour("--line"), width: 1 }, size: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6] },
      ],
      series: [
        { label: "Time", value: (self, us) => (us === null ? "" : clock(data.start + us)) },
        series("Events", "--accent", (told) => told.all),
        series(data.refused[0].toUpperCase() + data.refused.slice(1), "--bad", (told) => told.refused),
      ],
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
      hooks: {
        setSelect: [
          (self) => {
            if (self.select.width < 4) return;
            const low = self.posToVal(self.select.left, "x");
            const high = self.posToVal(self.select.left + self.select.width, "x");
            self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            onRange(low, high);
          },
        ],
      },
    },
    [[], [], []],
    element,
  );
  return plot;
}

export function Timeline({ data, rows, query, onQuery }) {
  const element = useRef();
  const plot = useRef();
  const current = useRef({});
  const range = useRef();
  const end = (data.end ??= data.time.reduce((a, b) => Math.max(a, b), 1));
  const from = query.from === "" ? Math.min(0, data.time[0] ?? 0) : Number(query.from);
  const to = query.to === "" ? end : Number(query.to);

  range.current = (low, high) => {
    const start = Math.max(0, Math.floor(low));
    const stop = Math.min(end, Math.ceil(high));
    if (stop - start >= 1) onQuery(start <= 0 && stop >= end ? { from: "", to: "" } : { from: String(start), to: String(stop) });
  };
  useLayoutEffect(() => {
    current.current.range = [from, Math.max(to, from + 1)];
    current.current.bars = bars(data, rows, from, to);
    plot.current ??= makePlot(element.current, data, current.current, (low, high) => range.current(low, high));
    const { at, all, drawn } = current.current.bars;
    plot.current.setData([at, all, drawn]);
  }, [rows, from, to]);
  useEffect(() => {
    const fit = new ResizeObserver(() => plot.current.setSize({ width: element.current.clientWidth, height: HEIGHT }));
    const redraw = () => plot.current.redraw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const theme = new MutationObserver(redraw);
    fit.observe(element.current);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", redraw);
    return () => {
      fit.disconnect();
      theme.disconnect();
      dark.removeEventListener("change", redraw);
      plot.current.destroy();
    };
  }, []);

  const middle = (from + to) / 2;
  const half = (to - from) / 2;
  const zoomed = query.from !== "" || query.to !== "";
  return (
    <div class="timeline">
      <p class="buttons" role="group" aria-label="Timeline">
        <button type="button" onClick={() => range.current(middle - half / 2, middle + half / 2)}>
          Zoom in
        </button>
        <button type="button" disabled={!zoomed} onClick={() => range.current(middle - 2 * half, middle + 2 * half)}>
          Zoom out
        </button>
        <button type="button" disabled={!zoomed || from <= 0} onClick={() => range.current(from - half, to - half)}>
          Earlier
        </button>
        <button type="button" disabled={!zoomed || to >= end} onClick={() => range.current(from + half, to + half)}>
          Later
        </button>
        <button type="button" disabled={!zoomed} onClick={() => onQuery({ from: "", to: "" })}>
          Whole session
        </button>
        <span class="place">
          {duration(to - from)} shown, a bar is {duration((to - from) / BARS)}; drag over bars to look closer
        </span>
      </p>
      <div ref={element} role="img" aria-label={`Events over time, from ${clock(data.start + from)} to ${clock(data.start + to)}`} />
    </div>
  );
}
