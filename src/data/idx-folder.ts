import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { LabelledData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { className, classNames } from "./class-names.js";
import { readIdx } from "./idx.js";
import { labelledCollector } from "./labelled-collector.js";
import { picturesAlike } from "./pictures.js";
import { splitNamed } from "./split-files.js";

/** A pair of files of one split. */
export interface IdxPair {
  readonly split: string;
  readonly prefix: string;
  readonly images: string;
  readonly labels: string;
}

/** `train-images-idx3-ubyte.gz`, `t10k-images.idx3-ubyte`, `images-idx3-ubyte`. */
const imagesName = /^(?:(.+)[-_])?images[-.]idx3-ubyte(\.gz)?$/;

export function isIdxFolder(folder: string): boolean {
  return readdirSync(folder).some((name) => imagesName.test(name));
}

/**
 * Reads a folder of idx files in MNIST's names: `PREFIX-images-idx3-ubyte` and `PREFIX-labels-idx1-ubyte`, gzipped or not. The prefix names the split
 * (`t10k` is `test`, none is `train`). `PREFIX-classes.tsv` or `classes.txt` name the classes; else labels are numbers. Images without
 * a file of labels are left out (`unlabelled-pictures`). With `only`, one prefix is read, as split `train`. Ids are `SPLIT/NUMBER`, counted from 0.
 */
export async function readIdxFolder(folder: string, warnings: Warnings, only?: string): Promise<LabelledData> {
  const found = labelledCollector(warnings);
  const alike = picturesAlike();
  for (const { split, prefix, images, labels } of idxPairs(folder, warnings, only)) {
    const names = await classNames(folder, prefix);
    const pixels = readIdx(images, 3);
    const numbers = readIdx(labels, 1);
    const [count = 0, height = 0, width = 0] = pixels.shape;
    if (numbers.data.length !== count) {
      throw inputError("invalid-idx", "there are not as many labels as images", {
        file: labels,
        found: `${numbers.data.length} labels`,
        expected: `${count} labels`,
      });
    }
    alike.add({ height, width, channels: 1 }, images);
    const size = height * width;
    for (let i = 0; i < count; i++) {
      const item = { id: `${split}/${i}`, pixels: pixels.data.subarray(i * size, (i + 1) * size) };
      const label = className(names, numbers.data[i] as number, labels);
      found.add(split, { ...item, labels: [label] }, { file: images, line: i + 1 });
    }
  }
  return found.finish({ format: "idx files of pictures", source: folder, content: "pixels", picture: alike.shape() });
}

function idxPairs(folder: string, warnings: Warnings, only: string | undefined): readonly IdxPair[] {
  const pairs: IdxPair[] = [];
  for (const name of readdirSync(folder).sort(compareCodePoints)) {
    const match = imagesName.exec(name);
    const prefix = match?.[1] ?? "";
    if (match === null || (only !== undefined && prefix !== only)) continue;
    const stem = prefix === "" ? "" : `${prefix}-`;
    const labels = ["labels-idx1-ubyte", "labels.idx1-ubyte"]
      .flatMap((end) => [`${stem}${end}`, `${stem}${end}.gz`])
      .map((file) => join(folder, file))
      .find((path) => existsSync(path));
    if (labels !== undefined)
      pairs.push({ split: only === undefined ? splitOf(prefix) : "train", prefix, images: join(folder, name), labels });
    else warnings.add("unlabelled-pictures", `pictures without a file of labels are left out: ${join(folder, name)}`);
  }
  if (pairs.length > 0) return pairs;
  throw inputError("missing-input", "no idx file of images has a file of labels", {
    file: folder,
    found: readdirSync(folder).sort(compareCodePoints).join(", "),
    expected: "train-labels-idx1-ubyte beside train-images-idx3-ubyte",
  });
}

function splitOf(prefix: string): string {
  if (prefix === "") return "train";
  return prefix === "t10k" ? "test" : (splitNamed(`${prefix}.`) ?? prefix);
}
