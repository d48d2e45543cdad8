import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { losses } from "#nearmiss/losses/catalogue.js";
import { lossesMarkdown, lossesPage } from "../../scripts/losses/build.mjs";
import { blocksOf, readPage, root } from "./blocks.js";

const places = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome"];
const executablePath = places.find((place) => place !== "" && existsSync(place));
/** Three points cannot show a loss that needs a queue to mix from, the tokens of a text, or a cross-encoder. */
const elsewhere = ["mochi", "tsdae", "mlm", "cross-entropy", "mean-squared-error"];
const shown = losses.filter(({ name }) => !elsewhere.includes(name));
const folder = mkdtempSync(join(tmpdir(), "nearmiss-losses-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the page of losses says what their source says, and has a picture of each", () => {
  const page = readPage("docs/losses.md");
  expect(lossesMarkdown(page) === page, "run `npm run losses`").toBe(true);
  for (const { name } of shown) expect(existsSync(`${root}docs/losses/${name}.svg`), name).toBe(true);
});

test("the golden file that docs/extend.md shows is right", () => {
  const [block] = blocksOf("docs/extend.md").filter(({ language }) => language === "json");
  const { inputs, params, loss } = JSON.parse(block?.text ?? "").cases[0];
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  const terms = inputs.queries.map((query: number[], i: number) => {
    const leads = inputs.positives.flatMap((document: number[], j: number) =>
      j === i ? [] : [params.scale * (dot(query, document) - dot(query, inputs.positives[i]) + params.margin)],
    );
    return Math.log1p(leads.reduce((sum: number, lead: number) => sum + Math.exp(lead), 0));
  });
  expect(terms.reduce((a: number, b: number) => a + b, 0) / terms.length).toBeCloseTo(loss, 10);
});

test.skipIf(executablePath === undefined)("a browser shows the force of every loss, computed in the page", async () => {
  const path = join(folder, "losses.html");
  writeFileSync(path, await lossesPage());
  const browser = await chromium.launch({ executablePath: executablePath as string, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    const trouble: string[] = [];
    page.on("pageerror", (error) => trouble.push(String(error)));
    await page.goto(pathToFileURL(path).href);
    for (const { name } of shown) {
      await page.locator("#loss").selectOption(name);
      expect(await page.locator("#trouble").textContent(), name).toBe("");
      expect(await page.locator("canvas").count(), name).toBe(2);
    }
    expect(trouble).toEqual([]);
  } finally {
    await browser.close();
  }
});
