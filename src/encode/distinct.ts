import type { Vectors } from "./encode.js";

/** Vectors in the order of the texts, of which `encode` is given each distinct one once. */
export async function encodeDistinct(
  texts: readonly string[],
  encode: (distinct: readonly string[]) => Promise<Vectors>,
): Promise<Vectors> {
  const distinct = [...new Set(texts)];
  const unique = await encode(distinct);
  if (distinct.length === texts.length) return unique;
  const { dimension } = unique;
  const place = new Map(distinct.map((text, i) => [text, i]));
  const data = new Float32Array(texts.length * dimension);
  texts.forEach((text, i) => {
    const row = place.get(text) as number;
    data.set(unique.data.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  });
  return { data, rows: texts.length, dimension };
}
