import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SharpConstructor } from "sharp";
import { inputError } from "../base/errors.js";
import { compareCodePoints } from "../base/text.js";
import type { LabelledData } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { labelledCollector } from "./labelled-collector.js";
import { type PictureShape, sizeText } from "./pictures.js";
import { splitNamed } from "./split-files.js";

export const isPicture = (name: string): boolean => /\.(png|jpe?g|webp|gif|tiff?|avif|bmp)$/i.test(name);

/** A picture file, its class (the folder it lies in) and its split. */
export interface PictureFile {
  readonly split: string;
  readonly label: string;
  /** From the data's folder on, with `/`. */
  readonly name: string;
}

/** Pictures decoded at a time. */
const atOnce = 8;

/**
 * The pictures of `FOLDER/CLASS/…` (one split, `train`), or of `FOLDER/train/CLASS/…`, `FOLDER/test/CLASS/…`, in code point order. Folders inside a class
 * belong to it. Hidden files are passed over.
 */
export function pictureFiles(folder: string): readonly PictureFile[] {
  const classes = foldersIn(folder);
  const splits = classes.filter((name) => splitNamed(`${name}.`) !== undefined);
  if (splits.length === 0 || splits.length < classes.length) return ofClasses(folder, "", "train");
  return splits.flatMap((name) => ofClasses(folder, `${name}/`, splitNamed(`${name}.`) as string));
}

function ofClasses(root: string, prefix: string, split: string): readonly PictureFile[] {
  return foldersIn(join(root, prefix)).flatMap((label) =>
    readdirSync(join(root, prefix, label), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && isPicture(entry.name) && !entry.name.startsWith("."))
      .map((entry) => `${entry.parentPath.slice(root.length + 1).replaceAll("\\", "/")}/${entry.name}`)
      .sort(compareCodePoints)
      .map((name) => ({ split, label, name })),
  );
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort(compareCodePoints);
}

/**
 * Decodes class folders of pictures (by sharp). All get one size: the one given, else the most frequent (of two, the larger); a picture of another size is scaled to it
 * without keeping its proportions (`scaled-pictures`). Channels: 1 where all pictures are grey, else 3 (sRGB); transparency becomes white. Orientation tags are obeyed. The id is the
 * file's name from the folder on. Throws `invalid-picture` naming the file.
 */
export async function readPictureFolder(
  folder: string,
  files: readonly PictureFile[],
  warnings: Warnings,
  size?: { readonly height: number; readonly width: number },
): Promise<LabelledData> {
  const { default: sharp } = await import("sharp");
  const opened = (name: string) =>
    sharp(join(folder, name), { failOn: "error" }).rotate().flatten({ background: "#ffffff" });
  const attempt = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      throw inputError("invalid-picture", "the picture cannot be read", { file: join(folder, name), found });
    }
  };
  const seen = await inOrder(files, ({ name }) => attempt(name, () => shapeOf(sharp, join(folder, name))));
  const channels = seen.every((shape) => shape.channels === 1) ? 1 : 3;
  const picture: PictureShape = { ...(size ?? mostFrequent(seen)), channels };
  const { height, width } = picture;
  const found = labelledCollector(warnings);
  const decoded = await inOrder(files, ({ name }, i) =>
    attempt(name, () => {
      const own = seen[i] as PictureShape;
      const scaled = own.height !== height || own.width !== width;
      if (scaled) {
        const sizes = `${join(folder, name)} from ${sizeText(own)} to ${sizeText(picture)}`;
        warnings.add("scaled-pictures", `pictures of another size are scaled, the first is ${sizes}`);
      }
      const image = opened(name).toColourspace(channels === 1 ? "b-w" : "srgb");
      return (scaled ? image.resize(width, height, { fit: "fill" }) : image).raw().toBuffer();
    }),
  );
  for (const [i, { name, label, split }] of files.entries()) {
    const pixels = decoded[i] as Buffer;
    if (pixels.length !== height * width * channels)
      throw inputError("invalid-picture", "the picture has other channels than expected", {
        file: join(folder, name),
        found: `${pixels.length} bytes`,
        expected: sizeText(picture),
      });
    found.add(split, { id: name, pixels: new Uint8Array(pixels), labels: [label] }, { file: name, line: 1 });
  }
  return found.finish({ format: "class folders of pictures", source: folder, content: "pixels", picture });
}

async function shapeOf(sharp: SharpConstructor, path: string): Promise<PictureShape> {
  const { width, height, channels, space, orientation = 1, hasAlpha } = await sharp(path).metadata();
  const grey = space === "b-w" || space === "grey16" || channels - (hasAlpha ? 1 : 0) === 1;
  // Orientations 5 to 8 lie on their side.
  const [upright, across] = orientation >= 5 ? [width, height] : [height, width];
  return { height: upright, width: across, channels: grey ? 1 : 3 };
}

function mostFrequent(shapes: readonly PictureShape[]): { readonly height: number; readonly width: number } {
  const counts = new Map<string, { readonly height: number; readonly width: number; count: number }>();
  for (const { height, width } of shapes) {
    const held = counts.get(`${height} ${width}`) ?? { height, width, count: 0 };
    held.count++;
    counts.set(`${height} ${width}`, held);
  }
  const [best = { height: 1, width: 1 }] = [...counts.values()].sort(
    (a, b) => b.count - a.count || b.height * b.width - a.height * a.width || b.height - a.height,
  );
  return { height: best.height, width: best.width };
}

/** Maps a few items at a time and keeps their order. */
async function inOrder<T, U>(items: readonly T[], work: (item: T, index: number) => Promise<U>): Promise<readonly U[]> {
  const results: U[] = [];
  for (let start = 0; start < items.length; start += atOnce)
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map((item, i) => work(item, start + i)))));
  return results;
}
