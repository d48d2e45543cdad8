import { existsSync } from "node:fs";
import { inputError } from "../base/errors.js";
import type { Row } from "./fields.js";

/**
 * The rows of a Parquet file, one row group in memory at a time; `line` is the row's number, counted from 1. Whole numbers beyond ±2⁵³
 * become the text of their digits, times ISO texts, lists and structures what JSON would hold. Knows all usual compressions. Throws `invalid-parquet`.
 */
export async function* readParquet(path: string): AsyncGenerator<Row> {
  if (!existsSync(path)) throw inputError("missing-input", "no such file", { file: path });
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw inputError("invalid-parquet", "the Parquet file cannot be read", {
        file: path,
        found: error instanceof Error ? error.message : String(error),
        expected: "a whole Parquet file without encryption",
      });
    }
  };
  const file = await attempt(() => asyncBufferFromFile(path));
  const metadata = await attempt(() => parquetMetadataAsync(file));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const options = { file, metadata, compressors, rowStart, rowEnd };
    for (const [i, object] of (await attempt(() => parquetReadObjects(options))).entries()) {
      const fields = new Map(Object.entries(object).map(([name, value]) => [name, plain(value)]));
      yield { file: path, line: rowStart + i + 1, fields };
    }
    rowStart = rowEnd;
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
  return value;
}
