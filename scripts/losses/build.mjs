// Writes what docs hold of the losses: docs/losses.html, the pictures in docs/losses/ and the reference part of docs/losses.md.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { losses } from "#nearmiss/losses/catalogue.js";
import { lossesReference, lossPicture } from "./reference.mjs";
import { isShown } from "./scene.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const docs = here("../../docs/");
const start = "<!-- From the source of the losses, by `npm run losses`: -->\n";

/** The interactive page as one HTML text that works without a server. */
export async function lossesPage() {
  const bundle = await rolldown({ input: here("page.mjs"), platform: "browser", logLevel: "warn" });
  const { output } = await bundle.generate({ format: "esm", minify: true, codeSplitting: false });
  await bundle.close();
  const uplotStyle = readFileSync(createRequire(import.meta.url).resolve("uplot/dist/uPlot.min.css"), "utf8");
  // Replacements by functions: code is full of dollar signs.
  return readFileSync(here("page.html"), "utf8")
    .replace("/* uPlot */", () => uplotStyle)
    .replace("/* page */", () => output[0].code.replaceAll("</script", "<\\/script"));
}

/** docs/losses.md with its reference part made anew. */
export function lossesMarkdown(now) {
  const [written] = now.split(start);
  return `${written}${start}\n${lossesReference()}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(`${docs}losses.html`, await lossesPage());
  writeFileSync(`${docs}losses.md`, lossesMarkdown(readFileSync(`${docs}losses.md`, "utf8")));
  rmSync(`${docs}losses`, { recursive: true, force: true });
  mkdirSync(`${docs}losses`);
  for (const factory of losses.filter(isShown))
    writeFileSync(`${docs}losses/${factory.name}.svg`, lossPicture(factory));
}
