import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { LabelledData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { className, classNames } from "./class-names.js";
import { labelledCollector } from "./labelled-collector.js";
import { readWhole } from "./whole-file.js";

const side = 32;
const plane = side * side;
/** A label byte, then the red, the green and the blue plane. */
const record = 1 + 3 * plane;

/** `data_batch_1.bin`, `train-4k.bin.gz`, `test_batch.bin`. */
const fileName = /^(data_batch|train|test)([-_].*)?\.bin(\.gz)?$/;

export function isCifarFolder(folder: string): boolean {
  return readdirSync(folder).some((name) => fileName.test(name));
}

/**
 * Reads CIFAR-10's binary form (A. Krizhevsky 2009): records of a label byte and 32 × 32 red, green and blue bytes; files named `data_batch…` or
 * `train…` are the split `train`, `test…` is `test`. `batches.meta.txt` or `classes.txt` name the classes. Ids are `SPLIT/NUMBER`, counted from 0 through all files.
 */
export async function readCifar(folder: string, warnings: Warnings): Promise<LabelledData> {
  const found = labelledCollector(warnings);
  const names = await classNames(folder, "");
  const counts = new Map<string, number>();
  for (const name of readdirSync(folder).sort(compareCodePoints)) {
    const kind = fileName.exec(name)?.[1];
    if (kind === undefined) continue;
    const file = join(folder, name);
    const bytes = readWhole(file);
    if (bytes.length === 0 || bytes.length % record !== 0) {
      throw inputError("invalid-cifar", "the file does not hold whole records", {
        file,
        found: `${bytes.length} bytes`,
        expected: `a multiple of ${record} bytes (a label, 32 × 32 × 3 pixels)`,
      });
    }
    const split = kind === "test" ? "test" : "train";
    for (let at = 0; at < bytes.length; at += record) {
      const number = counts.get(split) ?? 0;
      counts.set(split, number + 1);
      const labels = [className(names, bytes[at] as number, file)];
      const pixels = interleaved(bytes.subarray(at + 1, at + record));
      found.add(split, { id: `${split}/${number}`, pixels, labels }, { file, line: at / record + 1 });
    }
  }
  const picture = { height: side, width: side, channels: 3 };
  return found.finish({ format: "CIFAR-10 binary files", source: folder, content: "pixels", picture });
}

/** Three planes as pixels with their three channels together. */
function interleaved(planes: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(planes.length);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < plane; i++) pixels[3 * i + channel] = planes[channel * plane + i] as number;
  return pixels;
}
