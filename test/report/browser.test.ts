import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { writeReport } from "#nearmiss/report/report.js";
import { documentText, writeSyntheticRun } from "./synthetic-run.js";

const places = [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/google-chrome"];
const executablePath = places.find((place) => place !== "" && existsSync(place));
const folder = mkdtempSync(join(tmpdir(), "nearmiss-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(executablePath === undefined)(
  "a browser draws every chart, in both themes and on a narrow screen",
  async () => {
    writeSyntheticRun(folder);
    const path = await writeReport(folder, { textOf: documentText });
    const browser = await chromium.launch({ executablePath: executablePath as string, args: ["--no-sandbox"] });
    try {
      for (const [width, colorScheme] of [
        [1200, "light"],
        [400, "dark"],
      ] as const) {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        const trouble: string[] = [];
        page.on("pageerror", (error) => trouble.push(String(error)));
        page.on("console", (message) => trouble.push(message.text()));
        page.on("request", (request) => {
          if (!request.url().startsWith("file:")) trouble.push(request.url());
        });
        await page.goto(pathToFileURL(path).href);
        expect(await page.locator("[data-chart] canvas").count()).toBe(6);
        expect(await page.evaluate("document.documentElement.dataset.theme")).toBe(colorScheme);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
        await page.locator("#theme").click();
        expect(await page.evaluate("document.documentElement.dataset.theme")).not.toBe(colorScheme);
        expect(await page.locator("[data-chart] canvas").count()).toBe(6);
        expect(trouble).toEqual([]);
      }
    } finally {
      await browser.close();
    }
  },
);
