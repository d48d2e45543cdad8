import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const reference = join(root, "../shared/golden");
const folder = mkdtempSync(join(tmpdir(), "nearmiss-golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

function golden(...args: readonly string[]): { lines: string[]; status: number | null } {
  const done = spawnSync(process.execPath, [join(root, "test/runners/golden.mjs"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { lines: done.stdout.trimEnd().split("\n"), status: done.status };
}

const nearest = (indices: readonly number[], more: object = {}): object => ({
  name: `k${indices.length}`,
  inputs: { scores: [1, 3, 2.5], positiveScore: 2 },
  params: { k: indices.length, b: 0 },
  expected: { indices },
  tolerance: 1e-12,
  ...more,
});

function write(path: string, content: object): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  const text = JSON.stringify(content);
  writeFileSync(join(folder, path), path.endsWith(".gz") ? gzipSync(text) : text);
}

test("one line a file, then the totals; a skip fails only when strict", () => {
  write("one/samplers/right.json", { name: "nearest_k", cases: [nearest([2]), nearest([2, 0])] });
  write("one/samplers/wrong.json", { name: "nearest_k", cases: [nearest([2]), nearest([1, 2])] });
  write("one/samplers/unknown.json", { name: "no-such-part", cases: [nearest([2])] });
  write("one/run/expected.json.gz", { results: { default: { options: [] }, complete: { options: ["-c"] } } });
  writeFileSync(join(folder, "one/README.md"), "# not a case");
  const loose = golden("one");
  expect(loose.lines).toEqual([
    "SKIP one/run 0/2 cases",
    "PASS one/samplers/right.json 2/2 cases",
    "SKIP one/samplers/unknown.json 0/1 cases",
    "FAIL one/samplers/wrong.json 1/2 cases first: k2 indices[0] got 2 want 1",
    "1 passed, 1 failed, 2 skipped",
  ]);
  expect(loose.status).toBe(1);
  expect(golden("one", "--strict").lines.at(-1)).toBe("1 passed, 3 failed, 0 skipped");
  const except = golden("one", "--except", "wrong,no-such-part");
  expect([except.lines.at(-1), except.status]).toEqual(["1 passed, 0 failed, 1 skipped", 0]);
});

test("an optional case never fails; one file may be given; nothing run is a failure", () => {
  write("two/samplers/optional.json", { name: "nearest_k", cases: [nearest([2]), nearest([0], { optional: true })] });
  const file = golden("two/samplers/optional.json");
  expect(file.lines).toEqual(["PASS two/samplers/optional.json 1/2 cases", "1 passed, 0 failed, 0 skipped"]);
  expect(file.status).toBe(0);
  write("three/samplers/unknown.json", { name: "no-such-part", cases: [nearest([2])] });
  expect(golden("three").status).toBe(1);
  expect(golden("nowhere").status).toBe(2);
});

test("a file that is no JSON, and a case that throws, fail", () => {
  mkdirSync(join(folder, "four/samplers"), { recursive: true });
  writeFileSync(join(folder, "four/samplers/broken.json"), "{");
  write("four/samplers/throws.json", { name: "nearest_k", cases: [{ name: "none", expected: { indices: [] } }] });
  expect(golden("four").lines.at(-1)).toBe("0 passed, 2 failed, 0 skipped");
});

test.skipIf(!existsSync(reference))("samplers, filters and masks equal the reference values", () => {
  for (const name of ["simans", "topk", "thresholds", "nearest_k", "static", "inbatch_masks", "library_mining"]) {
    const { lines, status } = golden(join(reference, `samplers/${name}.json`), "--strict");
    expect([name, status, lines.at(-1)]).toEqual([name, 0, "1 passed, 0 failed, 0 skipped"]);
  }
});

test.skipIf(!existsSync(reference))("measures of runs equal trec_eval's", () => {
  const { lines, status } = golden(join(reference, "trec_eval"), "--strict");
  expect([status, lines.at(-1)]).toEqual([0, "13 passed, 0 failed, 0 skipped"]);
});

test.skipIf(!existsSync(reference))(
  "measures of labelled items, verification, correlations and tests equal the reference values",
  () => {
    for (const name of ["metric_learning_metrics", "verification", "correlation", "significance"]) {
      const { lines, status } = golden(join(reference, `${name}.json`), "--strict");
      expect([name, status, lines.at(-1)]).toEqual([name, 0, "1 passed, 0 failed, 0 skipped"]);
    }
  },
);
