import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { freshStatic } from "#nearmiss/checkpoint/index.js";
import { editJson, folderOf, temporaryFolder, vocabulary } from "../checkpoint/small.js";

const runner = fileURLToPath(new URL("./fixtures.mjs", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/fixtures/", import.meta.url));
const root = temporaryFolder();

function run(folder: string, ...flags: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, folder, ...flags], { encoding: "utf8" });
  return { status, lines: stdout.trim().split("\n"), stderr };
}

/** A folder with one static model and a reference computed here, changed by `change`. */
async function example(name: string, change: (reference: { input_ids: number[][]; embeddings: number[][] }) => void) {
  const folder = join(root, name);
  const fresh = freshStatic({ vocabulary, dimension: 4, seed: 1 });
  mkdirSync(join(folder, "references"), { recursive: true });
  mkdirSync(join(folder, "models"));
  await folderOf(join(folder, "models"), "small", fresh);
  const table = fresh.tensors.get("embedding.weight")!.data;
  const ids = [[5, 6], [], [11, 5, 12]];
  const mean = (row: readonly number[]) =>
    [0, 1, 2, 3].map((j) => row.reduce((sum, id) => sum + table[4 * id + j]!, 0) / Math.max(1, row.length));
  const reference = { texts: ["the cat", " ", "Dog the ."], input_ids: ids, embeddings: ids.map(mean) };
  change(reference);
  writeFileSync(join(folder, "references/small.json"), JSON.stringify(reference));
  return folder;
}

describe("the fixture runner", () => {
  test("says what it cannot compare, which fails only when strict", async () => {
    const folder = await example("good", () => {});
    const { status, lines } = run(folder);
    expect(lines[0]).toMatch(/^SKIP small ids 3\/3 embeddings \de-\d+ \(no reference of training\)$/);
    expect([lines[1], status]).toEqual(["0 passed, 0 failed, 1 skipped", 1]);
    expect(run(folder, "--strict").lines).toEqual([lines[0]!.replace("SKIP", "FAIL"), "0 passed, 1 failed, 0 skipped"]);
    expect(run(folder, "--except", "small").lines).toEqual(["0 passed, 0 failed, 0 skipped"]);
  });

  test("sees a wrong id and a wrong value", async () => {
    const ids = run(await example("ids", (reference) => reference.input_ids[2]!.pop()));
    expect(ids.lines[0]).toMatch(/^FAIL small ids 2\/3 .* first: input_ids\[2\] got \[11,5,12\] want \[11,5\]$/);
    expect(ids.status).toBe(1);
    const value = await example("value", (reference) => {
      reference.embeddings[0]![3]! += 1e-4;
    });
    expect(run(value).lines[0]).toMatch(/^FAIL small ids 3\/3 .* first: embeddings\[0\]\[3\] got/);
  });

  test("passes over families that are not supported, and fails a folder that is broken", async () => {
    const folder = await example("broken", () => {});
    writeFileSync(join(folder, "models/small/model.safetensors"), "");
    expect(run(folder).lines[0]).toMatch(/^FAIL small first: open .*model\.safetensors.*empty or too short/);
    editJson(join(folder, "models/small"), "config_sentence_transformers.json", () => ({
      model_type: "SparseEncoder",
    }));
    expect(run(folder).lines[0]).toMatch(/^SKIP small \(.*SparseEncoder/);
  });

  test("takes bad usage for bad usage", () => {
    for (const flags of [["--loose"], []])
      expect(run(flags.length === 0 ? join(root, "nowhere") : root, ...flags).status).toBe(2);
  });

  test.skipIf(!existsSync(shared))("checks training, and sees a wrong gradient and a wrong parameter", () => {
    const folder = join(root, "training");
    mkdirSync(join(folder, "references"), { recursive: true });
    cpSync(join(shared, "models/static"), join(folder, "models/static"), { recursive: true });
    const reference = JSON.parse(readFileSync(join(shared, "references/static.json"), "utf8"));
    const check = () => {
      writeFileSync(join(folder, "references/static.json"), JSON.stringify(reference));
      return run(folder).lines[0];
    };
    expect(check()).toMatch(/^PASS static ids 24\/24 embeddings \de-\d+ gradients \de-\d+ parameters \de-\d+$/);
    reference.training.parameters_after["embedding.weight"].sample[0][1] += 1e-4;
    expect(check()).toMatch(/^FAIL .* first: parameters_after/);
    reference.training.gradients["embedding.weight"].l2 *= 1.001;
    expect(check()).toMatch(/^FAIL .* first: gradients\.embedding\.weight\.l2/);
  });
});
