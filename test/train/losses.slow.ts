// Every loss over pairs trains, with negatives that were drawn for rows, or says in plain words what its batch lacks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { losses } from "#nearmiss/losses/catalogue.js";
import { emptyFolder, run, shortStatic, writeData } from "./small.js";

const params: Readonly<Record<string, object>> = {
  "matryoshka-mnrl": { dims: [16, 4] },
  simcse: { hardNegativeWeight: 0.5 },
  mnrl: { inBatchHardness: 1, ownHardness: 2 },
  "sampled-softmax-logq": { variant: "corrected", temperature: 0.1, similarity: "cosine" },
};
/** What a batch of queries and documents does not hold. */
const lacking: Readonly<Record<string, RegExp>> = {
  "margin-mse": /teacher/,
  "distill-kl": /teacher/,
  gist: /guide/,
  "embedding-distillation": /teacher/,
  moco: /queue/,
  esimcse: /queue/,
  mochi: /queue/,
};
const wrapped = [
  { name: "matryoshka", lossParams: { loss: "n-pair-mc", dims: [16, 8] } },
  { name: "weighted-sum", lossParams: { parts: [{ loss: "info-nce" }, { loss: "gor", weight: 0.1 }] } },
];
const listed = [
  ...losses
    .filter(({ kinds }) => (kinds as readonly string[]).includes("pairs"))
    .map(({ name }) => ({ name: name as string, lossParams: params[name] ?? {} })),
  ...wrapped,
];

const data = writeData(emptyFolder(), 120);

test.each(listed)("$name", async ({ name, lossParams }) => {
  const out = join(emptyFolder(), "run");
  const options = {
    ...shortStatic,
    data,
    loss: name as "mnrl",
    lossParams: { ...lossParams },
    steps: 6,
    evalEvery: 6,
    refreshEvery: 3,
    mineFrom: 0,
  };
  const running = run(options, { out });
  if (lacking[name] !== undefined) return expect(running).rejects.toThrow(lacking[name]);
  await running;
  const steps = readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const { kind, loss } of steps) if (kind === "step") expect(Number.isFinite(loss)).toBe(true);
});
