import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const things = [
  "lamp",
  "river",
  "bridge",
  "violin",
  "harbour",
  "garden",
  "engine",
  "window",
  "forest",
  "market",
  "ladder",
  "mirror",
];
const deeds = ["repair", "paint", "measure", "clean", "sell", "photograph", "build", "inspect"];

/** Writes a folder of question–answer pairs in the splits train, dev and test; question and answer share few words. */
export function writePairs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const lines: Record<"train" | "dev" | "test", string[]> = { train: [], dev: [], test: [] };
  for (const [i, thing] of things.entries()) {
    for (const [j, deed] of deeds.entries()) {
      const split = (i + j) % 5 === 0 ? "test" : (i + j) % 5 === 1 ? "dev" : "train";
      const pair = {
        query: `how would you ${deed} an old ${thing}`,
        positive: `advice about the ${thing}: to ${deed} it, ask a person who knows ${thing} number ${i} and trade ${j}`,
      };
      lines[split].push(JSON.stringify(pair));
    }
  }
  for (const [split, of] of Object.entries(lines)) writeFileSync(join(folder, `${split}.jsonl`), `${of.join("\n")}\n`);
}
