import { collectWarnings } from "#nearmiss/base/warnings.js";
import { loadWeights, readModelFolder, writeModelFolder } from "#nearmiss/checkpoint/index.js";

for (const n of ["roberta-mean", "xlmr-cls", "mpnet-mean", "distilbert-mean", "modernbert-cls"]) {
  const m = await readModelFolder(`../shared/fixtures/models/${n}`, collectWarnings());
  await writeModelFolder(`/tmp/fam/${n}`, { model: m, tensors: loadWeights(m) });
}
