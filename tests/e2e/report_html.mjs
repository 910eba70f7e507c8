// SPDX-License-Identifier: Apache-2.0
// The HTML report in a real browser, for report_html.sh.
//
//   node report_html.mjs PACKAGES CHROMIUM PAGES [PICTURES]
//
// PACKAGES has node_modules with playwright-core and axe-core; PAGES has hostile.html, two.html, long.html (100 000
// events) and longest.html (a million). Each test ends in a line "pass|SENTENCE|" or "fail|SENTENCE|why". Pictures of what
// was seen are left in PICTURES.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, chromiumPath, pages, pictures] = process.argv.slice(2);
const require = createRequire(pathToFileURL(resolve(packages, "package.json")));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: chromiumPath,
  args: "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" "),
});

function demand(holds, why) {
  if (!holds) throw new Error(why);
}

const address = (name) => pathToFileURL(resolve(pages, name)).href;

// Open a page and wait for its script. Whatever acts that should not ends in `faults`.
async function open(name, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  context.setDefaultTimeout(15000);
  const page = await context.newPage();
  const faults = [];
  page.on("dialog", (dialog) => faults.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));
  page.on("request", (request) => request.url().split("#")[0] !== address(name) && faults.push(`request: ${request.url()}`));
  await page.goto(address(name) + hash);
  if (options.javaScriptEnabled !== false) {
    await page.waitForFunction(() => document.documentElement.dataset.ready, null, { timeout: 30000 });
    if ((await page.evaluate(() => document.documentElement.dataset.ready)) !== "true") throw new Error(await page.locator(".notice").innerText());
  }
  return { page, faults, done: () => context.close() };
}

const picture = (page, name) => pictures && page.screenshot({ path: `${pictures}/${name}.png`, fullPage: name.endsWith("-whole") });
const rowsOf = (page) => page.$$eval(".grid-row[data-position]", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
const told = (page) => page.locator(".filters output").first().innerText();
const number = (text) => Number(text.replace(/,/g, "").match(/\d+/)[0]);
// What a filter shows comes with the next picture.
const until = (page, what) => page.waitForFunction(what);

async function find(page, text) {
  await page.locator(".filters input").first().fill(text);
  await page.waitForFunction((words) => new URLSearchParams(location.hash.slice(1)).get("q") === words, text);
}

const tests = {
  async "a hostile session's page opens from a file and asks nobody for anything"() {
    const { page, faults, done } = await open("hostile.html");
    demand((await rowsOf(page)).length > 5, "no events are shown");
    await picture(page, "hostile");
    await picture(page, "hostile-whole");
    demand(faults.length === 0, faults.join("\n"));
    await done();
  },

  async "names stay text, also where the script shows them"() {
    const { page, faults, done } = await open("hostile.html");
    const known = "main h1 h2 h3 noscript article header dl div dt dd br section a p table thead tr th tbody td code strong span b details " +
      "summary ul li figure figcaption svg rect button label input select option output nav canvas script style html head meta title body";
    for (const word of ["alert(1)", "onerror", "evil.example", "red", "quoted", "amp;"]) {
      await find(page, word);
      demand((await rowsOf(page)).some((row) => row[3].includes(word)), `no event has "${word}"`);
      await page.locator(".grid-row[data-position]").first().click();
      demand((await page.locator(".details code").allInnerTexts()).some((text) => text.includes(word)), `no detail has "${word}"`);
    }
    const strange = await page.$$eval("*", (all, words) => all.map((x) => x.tagName.toLowerCase()).filter((x) => !words.includes(x)), known.split(" "));
    demand(strange.length === 0, `elements: ${strange}`);
    const acting = await page.$$eval("*", (all) => all.flatMap((x) => [...x.attributes].filter((a) => /^on/.test(a.name)).map((a) => a.name)));
    demand(acting.length === 0, `attributes: ${acting}`);
    demand(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(await page.locator("body").innerText().then((text) => text.replaceAll("\t", ""))), "a control character is shown");
    demand(faults.length === 0, faults.join("\n"));
    await done();
  },

  async "markup that got in would not act: the page's policy holds"() {
    const text = readFileSync(resolve(pages, "hostile.html"), "utf8");
    const bad = '<script>window.acted="script"</script><img src="x" onerror="window.acted=\'handler\'"><p id="styled" style="color:rgb(1,2,3)">x</p>' +
      '<a id="link" href="javascript:window.acted=\'link\'">x</a><style>#styled{color:rgb(1,2,3)}</style>';
    writeFileSync(resolve(pages, "spoiled.html"), text.replace("<h1>", `${bad}<h1>`));
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(address("spoiled.html"));
    await page.waitForFunction(() => document.documentElement.dataset.ready);
    await page.locator("#link").click();
    await page.waitForTimeout(100);
    demand((await page.evaluate(() => window.acted)) === undefined, `acted: ${await page.evaluate(() => window.acted)}`);
    demand((await page.evaluate(() => getComputedStyle(document.querySelector("#styled")).color)) !== "rgb(1, 2, 3)", "a style applied");
    const refused = await page.evaluate(() => {
      try {
        document.body.insertAdjacentHTML("beforeend", "<b>x</b>");
        return false;
      } catch {
        return true;
      }
    });
    demand(refused, "a string became markup");
    await context.close();
  },

  async "a word filters, and Show all takes it back"() {
    const { page, done } = await open("hostile.html");
    const all = await told(page);
    await find(page, "PLAIN");
    const rows = await rowsOf(page);
    demand(rows.length > 0 && rows.every((row) => row.join(" ").toLowerCase().includes("plain")), JSON.stringify(rows));
    demand(number(await told(page)) === rows.length, `${await told(page)} but ${rows.length} rows`);
    await page.getByRole("button", { name: "Show all" }).click();
    demand((await told(page)) === all, await told(page));
    await done();
  },

  async "operations and outcomes filter"() {
    const { page, done } = await open("hostile.html");
    await page.getByLabel("Operation", { exact: true }).selectOption("delete");
    await page.getByLabel("Outcome", { exact: true }).selectOption("refused");
    await until(page, () => [...document.querySelectorAll(".grid-row[data-position]")].every((row) => row.children[2].textContent === "refused"));
    const rows = await rowsOf(page);
    demand(rows.length > 10 && rows.every((row) => row[1] === "delete" && row[2] === "refused"), JSON.stringify(rows.slice(0, 3)));
    const refused = number(await told(page));
    const list = await page.$$eval('[data-part="refused"] tbody tr', (trs) => trs.map((tr) => [tr.cells[1].textContent, Number(tr.cells[0].textContent)]));
    const counted = list.filter(([operation]) => operation === "delete").reduce((sum, [, count]) => sum + count, 0);
    demand(refused === counted, `${refused} events, ${counted} in the list`);
    await done();
  },

  async "a refusal's count leads to its events"() {
    const { page, done } = await open("hostile.html");
    const row = page.locator('[data-part="refused"] tbody tr').filter({ hasText: "delete" });
    const count = Number(await row.locator("td").first().innerText());
    await row.getByRole("button").first().click();
    await until(page, () => document.querySelector(".filters output").textContent.includes(" of "));
    demand(number(await told(page)) === count && count > 10, `${await told(page)} for ${count}`);
    demand((await rowsOf(page)).every((cells) => cells[1] === "delete" && cells[2] === "refused"), "others, too");
    await done();
  },

  async "columns sort, both ways"() {
    const { page, done } = await open("long.html");
    const head = page.getByRole("columnheader", { name: "Object" });
    for (const [direction, sign] of [["ascending", 1], ["descending", -1]]) {
      await head.getByRole("button").click();
      await page.waitForFunction((wanted) => document.querySelectorAll("[role=columnheader]")[3].getAttribute("aria-sort") === wanted, direction);
      const names = (await rowsOf(page)).map((row) => row[3].split("  ")[0]);
      const right = [...names].sort((a, b) => sign * (Buffer.compare(Buffer.from(a), Buffer.from(b))));
      demand(names.length > 10 && JSON.stringify(names) === JSON.stringify(right), JSON.stringify(names));
    }
    await done();
  },

  async "a list without events sorts, too"() {
    const { page, done } = await open("long.html");
    const head = page.locator('[data-part="files"] th').first();
    const numbers = () => page.$$eval('[data-part="files"] tbody td:first-child', (cells) => cells.map((cell) => Number(cell.textContent)));
    await head.getByRole("button").click();
    const up = await numbers();
    await head.getByRole("button").click();
    const down = await numbers();
    demand(up.length > 5 && up[0] <= up.at(-1) && JSON.stringify(down) === JSON.stringify([...up].sort((a, b) => b - a)), `${up} / ${down}`);
    await done();
  },

  async "a hundred thousand events scroll, few of them in the page at a time"() {
    const { page, done } = await open("long.html");
    const last = await page.evaluate(() => Number(document.querySelector(".grid").getAttribute("aria-rowcount")) - 2);
    demand(last === 99999, `the last is ${last}`);
    await page.locator(".grid-scroll").evaluate((element) => (element.scrollTop = element.scrollHeight));
    await until(page, () => document.querySelector('[data-position="99999"]'));
    await page.locator(".grid-scroll").evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
    await until(page, () => !document.querySelector('[data-position="99999"]'));
    const rows = await page.$$eval(".grid-row[data-position]", (all) => all.map((row) => Number(row.dataset.position)));
    demand(rows.length < 60 && Math.abs(rows[0] - 50000) < 100, `${rows.length} rows from ${rows[0]}`);
    await done();
  },

  async "a million are reached, to the last"() {
    const { page, done } = await open("longest.html");
    await page.locator('[data-position="0"]').focus();
    await page.keyboard.press("End");
    await until(page, () => document.activeElement.dataset.position === "999999");
    const box = await page.evaluate(() => {
      const row = document.activeElement.getBoundingClientRect();
      const list = document.querySelector(".grid-scroll").getBoundingClientRect();
      return [row.top >= list.top, row.bottom <= list.bottom + 1];
    });
    demand(box.every(Boolean), `the last row is out of sight: ${box}`);
    await page.keyboard.press("PageUp");
    await until(page, () => Number(document.activeElement.dataset.position) < 999990);
    await page.keyboard.press("Home");
    await until(page, () => document.activeElement.dataset.position === "0");
    await find(page, "module-00017/part/file-05");
    const rows = await rowsOf(page);
    demand(rows.length > 0 && rows.every((row) => row[3].includes("module-00017/part/file-05")), JSON.stringify(rows[0]));
    await done();
  },

  async "the keyboard alone finds, walks and chooses"() {
    const { page, done } = await open("hostile.html");
    await page.locator("body").press("/");
    await page.keyboard.type("plain");
    await until(page, () => document.querySelector(".filters output").textContent.includes(" of "));
    for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement.matches("[data-position]"))); i++) await page.keyboard.press("Tab");
    demand(await page.evaluate(() => document.activeElement.matches("[data-position]")), "the Tab key does not reach the events");
    await page.keyboard.press("ArrowDown");
    await until(page, () => document.activeElement.dataset.position === "1");
    await page.keyboard.press("Enter");
    await until(page, () => document.querySelector(".details"));
    demand((await page.locator(".details").innerText()).includes("plain"), "another event was chosen");
    await picture(page, "chosen");
    await done();
  },

  async "a link leads to what was seen"() {
    const first = await open("hostile.html");
    await first.page.getByLabel("Outcome", { exact: true }).selectOption("refused");
    await find(first.page, "umlaut".slice(1));
    await first.page.locator(".grid-row[data-position]").nth(1).click();
    await until(first.page, () => document.querySelector(".details"));
    const seen = [await first.page.locator(".details").innerText(), await told(first.page)];
    const { hash } = new URL(first.page.url());
    demand(hash.startsWith("#events=1&"), hash);
    await first.done();
    const second = await open("hostile.html", { hash });
    demand((await second.page.locator(".details").innerText()) === seen[0] && (await told(second.page)) === seen[1], "something else is shown");
    demand(second.faults.length === 0, second.faults.join("\n"));
    await second.done();
    const anchor = await open("hostile.html", { hash: "#programs" });
    await until(anchor.page, () => Math.abs(document.querySelector("#programs").getBoundingClientRect().top) < 120);
    await anchor.done();
  },

  async "a link with nonsense in it does no harm"() {
    const { page, faults, done } = await open("hostile.html", { hash: "#events=1&at=99999999&program=-5&from=x&what=%3Cb%3E&sort=__proto__&pid=-" });
    demand((await told(page)).includes(" of "), await told(page));
    demand(faults.length === 0, faults.join("\n"));
    await done();
  },

  async "the timeline zooms by dragging and by its buttons"() {
    const { page, done } = await open("long.html");
    const all = number(await told(page));
    await page.locator(".timeline").scrollIntoViewIfNeeded();
    const box = await page.locator(".timeline .u-over").boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await until(page, () => document.querySelector(".filters output").textContent.includes(" of "));
    const dragged = number(await told(page));
    demand(dragged > all / 5 && dragged < all / 3, `${dragged} of ${all}`);
    await picture(page, "zoomed");
    await page.getByRole("button", { name: "Zoom in" }).click();
    await page.waitForFunction((old) => Number(document.querySelector(".filters output").textContent.split(" ")[0].replace(",", "")) < old, dragged);
    await page.getByRole("button", { name: "Whole session" }).click();
    await until(page, () => !document.querySelector(".filters output").textContent.includes(" of "));
    demand(number(await told(page)) === all, await told(page));
    await done();
  },

  async "the tree of programs opens, closes and filters"() {
    const { page, done } = await open("hostile.html");
    const first = page.getByRole("treeitem").first();
    await first.click();
    await until(page, () => document.querySelector(".chip"));
    demand((await first.getAttribute("aria-selected")) === "true", "the program is not chosen");
    await first.focus();
    await page.keyboard.press("Enter");
    await until(page, () => !document.querySelector(".chip"));
    const { page: long, done: close } = await open("long.html");
    const items = () => long.getByRole("treeitem").count();
    const before = await items();
    await long.getByRole("treeitem").first().focus();
    await long.keyboard.press("ArrowLeft");
    await until(long, () => document.querySelector("[role=treeitem]").getAttribute("aria-expanded") === "false");
    demand((await items()) < before, `${await items()} of ${before}`);
    await long.keyboard.press("ArrowRight");
    await until(long, () => document.querySelector("[role=treeitem]").getAttribute("aria-expanded") === "true");
    await long.keyboard.press("ArrowRight");
    await until(long, () => document.activeElement.getAttribute("aria-level") === "2");
    await long.keyboard.press("Enter");
    await until(long, () => document.querySelector(".chip"));
    demand(number(await told(long)) < 100000, await told(long));
    await close();
    await done();
  },

  async "two sessions have each their events"() {
    const { page, faults, done } = await open("two.html");
    demand((await page.locator("article").count()) === 2 && (await page.locator(".grid").count()) === 2, "not two");
    const ids = await page.$$eval("[id]", (all) => all.map((x) => x.id));
    demand(new Set(ids).size === ids.length, `anchors twice: ${ids}`);
    await page.locator(".filters input").nth(1).fill("true");
    await page.waitForFunction(() => location.hash.startsWith("#events=2&"));
    demand(!(await page.locator(".filters output").first().innerText()).includes(" of "), "the other session was filtered");
    demand(faults.length === 0, faults.join("\n"));
    await done();
  },

  async "dark and light are the system's or the reader's choice"() {
    const back = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await open("hostile.html");
    const bright = await back(light.page);
    await light.page.getByRole("button", { name: /Colours/ }).click();
    await until(light.page, () => document.documentElement.dataset.theme === "dark");
    const chosen = await back(light.page);
    await light.page.reload();
    await light.page.waitForFunction(() => document.documentElement.dataset.ready);
    demand((await back(light.page)) === chosen, "the choice was forgotten");
    await light.done();
    const dark = await open("hostile.html", { colorScheme: "dark" });
    demand((await back(dark.page)) === chosen && chosen !== bright, `${bright} ${chosen} ${await back(dark.page)}`);
    await picture(dark.page, "dark");
    await dark.done();
  },

  async "on paper there are the lists and no controls"() {
    const { page, done } = await open("hostile.html");
    await page.emulateMedia({ media: "print" });
    for (const selector of [".bar", ".grid", ".filters", ".tree-lines"]) demand(!(await page.locator(selector).first().isVisible()), `${selector} is printed`);
    for (const part of ["refused", "changed", "programs"]) demand(await page.locator(`[data-part="${part}"] :is(table, .tree)`).first().isVisible(), `${part} is not`);
    await picture(page, "print-whole");
    await done();
  },

  async "without JavaScript the lists are there, and the page says what is not"() {
    const { page, done } = await open("hostile.html", { javaScriptEnabled: false });
    demand((await page.locator(".notice").innerText()).includes("JavaScript is off"), "nothing is said");
    for (const part of ["refused", "changed", "programs", "files", "read"]) demand(await page.locator(`[data-part="${part}"]`).isVisible(), `no ${part}`);
    demand(!(await page.locator(".bar").count()), "there is a bar");
    await picture(page, "plain-whole");
    await done();
  },

  async "a telephone shows it without scrolling sideways"() {
    const { page, done } = await open("hostile.html", { viewport: { width: 390, height: 800 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    demand(over <= 0, `${over} pixels too wide`);
    await picture(page, "narrow");
    await done();
  },
};

for (const colorScheme of ["light", "dark"])
  tests[`everything has a name and enough contrast, ${colorScheme} (axe)`] = async () => {
    const { page, done } = await open("hostile.html", { colorScheme, bypassCSP: true });
    await page.locator(".grid-row[data-position]").first().click();
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
    demand(found.violations.length === 0, found.violations.map((x) => `${x.id}: ${x.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`).join("\n"));
    demand(found.passes.length > 10, `only ${found.passes.length} rules looked at something`);
    await done();
  };

for (const [name, limit, sentence] of [["long.html", 1000, "100 000 events are there within a second"], ["longest.html", 4000, "a million are there within four"]])
  tests[sentence] = async () => {
    const times = [];
    for (let i = 0; i < 3; i++) {
      const { page, done } = await open(name);
      times.push(await page.evaluate(() => performance.getEntriesByName("guard-ready")[0].startTime));
      await done();
    }
    const best = Math.min(...times);
    console.log(`note|${name}: ${times.map(Math.round).join(", ")} ms|`);
    demand(best <= limit, `${times.map(Math.round)} ms`);
  };

for (const [sentence, test] of Object.entries(tests)) {
  let why = "";
  try {
    await test();
  } catch (error) {
    why = error.message.split("\n").slice(0, 3).join(" / ").slice(0, 600);
  }
  for (const context of browser.contexts()) await context.close();
  console.log(`${why ? "fail" : "pass"}|${sentence}|${why}`);
}
await browser.close();
