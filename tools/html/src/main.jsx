// SPDX-License-Identifier: Apache-2.0
// The HTML report's script: every event of each session, beside the lists that the page has anyway.
//
// Names come from strangers. They are text wherever they are shown: nothing here makes markup of a string.
import { render } from "preact";
import { useMemo } from "preact/hooks";
import plotStyle from "uplot/dist/uPlot.min.css?inline";

import { readBlock } from "./block.js";
import { Details } from "./details.jsx";
import { Events } from "./events.jsx";
import { Filters } from "./filters.jsx";
import { leadRefusalsToEvents, makeSortable } from "./lists.js";
import { everything, linkTo, readLink, select, sorted } from "./query.js";
import { Bar } from "./theme.jsx";
import { Timeline } from "./timeline.jsx";
import { Tree } from "./tree.jsx";

function EventsPart({ data, session, query, onQuery, anchor }) {
  const { q, what, outcome, pid, program, from, to } = query;
  const found = useMemo(() => select(data, query), [data, q, what, outcome, pid, program, from, to]);
  const rows = useMemo(() => sorted(data, found, query.sort), [found, query.sort]);
  return (
    <>
      <h3 id={anchor}>
        <a href={`#${anchor}`}>Events</a>
      </h3>
      <Filters data={data} query={query} found={found.length} onQuery={onQuery} />
      <Timeline data={data} rows={found} query={query} onQuery={onQuery} />
      <Events
        data={data}
        rows={rows}
        query={query}
        label={`Events of session ${session}`}
        onSort={(sort) => onQuery({ sort })}
        onChoose={(row) => onQuery({ at: String(row) })}
      />
      {query.at !== "" && (
        <Details data={data} row={Number(query.at)} session={session} query={query} onQuery={(part) => onQuery({ ...everything, ...part })} onClose={() => onQuery({ at: "" })} />
      )}
    </>
  );
}

// A place of our own behind the header or in a part of the page.
function place(parent, before, name) {
  const element = document.createElement(name);
  element.className = "screen";
  parent.insertBefore(element, before);
  return element;
}

async function showSession(article, session) {
  const block = article.querySelector('script[type="application/x-guard-events"]');
  if (!block) return;
  const anchor = session === 1 ? "events" : `events-${session}`;
  // Where the report tells of the times, in its order.
  const behind = article.querySelector(':scope > [data-part="timeline"], :scope > [data-part="others"], :scope > [data-part="notes"]');
  const element = place(article, behind ?? block, "section");
  const tree = article.querySelector('[data-part="programs"]');
  const treeElement = tree && place(tree, tree.querySelector(".tree"), "div");
  const data = await readBlock(block);
  block.remove();
  let query = everything;

  const onQuery = (part) => {
    query = { ...query, ...part };
    history.replaceState(null, "", linkTo(session, query));
    draw();
  };
  const draw = () => {
    render(<EventsPart data={data} session={session} query={query} onQuery={onQuery} anchor={anchor} />, element);
    if (treeElement) render(<Tree data={data} query={query} onQuery={onQuery} />, treeElement);
  };
  const follow = () => {
    const link = readLink(location.hash);
    if (!link || link.session !== session) return;
    query = link.query;
    draw();
    element.scrollIntoView();
  };
  tree?.querySelector(".tree").classList.add("print");
  article.querySelector('[data-part="timeline"]')?.classList.add("print");
  leadRefusalsToEvents(article, data.outcomes, (part) => {
    onQuery({ ...everything, ...part });
    element.scrollIntoView();
  });
  draw();
  follow();
  addEventListener("hashchange", follow);
}

async function main() {
  const style = new CSSStyleSheet();
  style.replaceSync(plotStyle);
  document.adoptedStyleSheets = [style];
  document.documentElement.classList.add("scripted");
  document.querySelectorAll("article table").forEach(makeSortable);
  const articles = [...document.querySelectorAll("article")];
  const bar = document.createElement("nav");
  bar.className = "screen bar";
  bar.setAttribute("aria-label", "Parts of the report");
  document.body.prepend(bar);
  for (const [i, article] of articles.entries()) await showSession(article, i + 1);
  const heads = [...(articles[0]?.querySelectorAll("h3[id]") ?? [])];
  render(<Bar parts={heads.filter((head) => head.offsetParent).map((head) => [`#${head.id}`, head.textContent])} />, bar);
  // An anchor of ours was not there when the browser looked for it.
  if (location.hash && !readLink(location.hash)) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  performance.mark("guard-ready");
  document.documentElement.dataset.ready = "true";
}

main().catch((error) => {
  const notice = document.createElement("p");
  notice.className = "notice refused";
  notice.textContent = `The events cannot be shown: ${error.message}. The lists below are whole.`;
  document.querySelector("main").prepend(notice);
  document.documentElement.dataset.ready = "failed";
});
