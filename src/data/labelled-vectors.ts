import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import type { LabelledData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { labelledCollector } from "./labelled-collector.js";
import { fileSource, readLines } from "./lines.js";
import { readNpy, readNpyIntegers } from "./npy.js";

/** A file of vectors that becomes one split. */
export interface VectorFile {
  readonly split: string;
  readonly path: string;
}

/**
 * Reads vectors that somebody else made, with labels beside them: `F.npy` and `F.labels.txt` (one label a line; `|` between several) or `F.labels.npy` (whole
 * numbers). Ids are the lines of `F.npy.ids.txt` where it is there (as `nearmiss embed` writes it), else `SPLIT/NUMBER`, counted from 0. Vectors of all files
 * must be equally long.
 */
export async function readLabelledVectors(
  source: string,
  files: readonly VectorFile[],
  warnings: Warnings,
): Promise<LabelledData> {
  const found = labelledCollector(warnings);
  let dimension: number | undefined;
  for (const { split, path } of files) {
    const { rows, columns, data } = readNpy(path);
    dimension ??= columns;
    if (columns !== dimension)
      throw inputError("wrong-shape", "the vectors of two files differ in length", {
        file: path,
        found: String(columns),
        expected: String(dimension),
      });
    const labels = await labelsBeside(path);
    const ids = existsSync(`${path}.ids.txt`) ? await linesOf(`${path}.ids.txt`) : undefined;
    for (const [kind, list] of [["labels", labels] as const, ["ids", ids ?? labels] as const]) {
      if (list.length === rows) continue;
      throw inputError("wrong-shape", `there are not as many ${kind} as vectors`, {
        file: path,
        found: `${list.length} ${kind}`,
        expected: `${rows} ${kind}`,
      });
    }
    for (let i = 0; i < rows; i++) {
      const own = (labels[i] as string).split("|").map((label) => label.trim());
      const vector = data.subarray(i * columns, (i + 1) * columns);
      const item = { id: ids?.[i] ?? `${split}/${i}`, vector, labels: own.filter((label) => label !== "") };
      found.add(split, item, { file: path, line: i + 1 });
    }
  }
  return found.finish({ format: `vectors of ${dimension ?? 0} numbers with labels`, source, content: "vector" });
}

/** Whether labels stand beside a file of vectors. */
export function hasLabels(path: string): boolean {
  const stem = path.replace(/\.npy$/i, "");
  return existsSync(`${stem}.labels.txt`) || existsSync(`${stem}.labels.npy`);
}

async function labelsBeside(path: string): Promise<readonly string[]> {
  const stem = path.replace(/\.npy$/i, "");
  if (existsSync(`${stem}.labels.txt`)) return linesOf(`${stem}.labels.txt`);
  if (existsSync(`${stem}.labels.npy`)) return readNpyIntegers(`${stem}.labels.npy`);
  throw inputError("missing-input", "vectors alone say nothing: their labels are missing", {
    file: path,
    expected: `${stem}.labels.txt (one a line) or ${stem}.labels.npy (whole numbers)`,
  });
}

async function linesOf(path: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const { text } of readLines(fileSource(path))) lines.push(text);
  return lines;
}
