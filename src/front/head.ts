import { inputError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import { featuresOf, loadMlp, readMlpFolder } from "../checkpoint/index.js";
import type { GivenVectors } from "../data/given-vectors.js";
import { forwardOf } from "../encode/encode.js";
import type { Engine } from "../engine/types.js";
import { mlpEncoder } from "../nn/mlp.js";
import type { ItemVectors } from "../search/dense.js";
import { rowsOf } from "../search/given.js";

/** What a trained head makes of given vectors. Throws `wrong-model` where it takes others. */
export async function headVectors(path: string, given: GivenVectors, engine: Engine): Promise<ItemVectors> {
  const folder = await readMlpFolder(path);
  const { content, config, similarity } = folder;
  if (content.kind !== "vector" || content.dimension !== given.dimension)
    throw inputError("wrong-model", "the head was trained on other vectors", {
      file: path,
      found: `vectors of ${given.dimension} numbers`,
      expected: content.kind === "vector" ? `${featuresOf(content)} numbers` : "pictures",
    });
  const forward = forwardOf(engine, mlpEncoder(config), null);
  const weights = await engine.load(loadMlp(folder));
  return {
    fingerprint: fingerprint(folder.fingerprint, given.fingerprint),
    similarity,
    engine,
    vectorsOf: (items, { as, progress }) => forward.encode(weights, rowsOf(given, items, as), progress),
  };
}
