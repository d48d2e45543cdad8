import { inputError } from "../base/errors.js";

/** The two files of `--vectors`. */
export function vectorPair(
  files: readonly string[] | undefined,
): { readonly queries: string; readonly documents: string } | undefined {
  if (files === undefined) return undefined;
  const [queries, documents, ...others] = files;
  if (queries !== undefined && documents !== undefined && others.length === 0) return { queries, documents };
  throw inputError("bad-value", "--vectors takes two files", {
    field: "--vectors",
    found: files.join(" "),
    expected: "QUERIES.npy DOCUMENTS.npy",
  });
}
