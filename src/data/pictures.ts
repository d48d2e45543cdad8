import { inputError } from "../base/errors.js";
import type { LabelledData } from "../base/types.js";

/** The size of a picture. */
export type PictureShape = NonNullable<LabelledData["picture"]>;

/** Sees to it that all files hold pictures of one size; throws `wrong-shape` naming the file that differs. */
export function picturesAlike() {
  let first: PictureShape | undefined;
  return {
    add(shape: PictureShape, file: string): void {
      first ??= shape;
      if (sizeText(shape) === sizeText(first)) return;
      throw inputError("wrong-shape", "the pictures of two files differ in size", {
        file,
        found: sizeText(shape),
        expected: sizeText(first),
      });
    },
    shape(): PictureShape {
      return first ?? { height: 0, width: 0, channels: 1 };
    },
  };
}

export function sizeText({ height, width, channels }: PictureShape): string {
  return `${height} × ${width} × ${channels}`;
}
