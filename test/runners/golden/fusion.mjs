import { fuse, minMaxScores } from "#nearmiss/search/fusion.js";
import { compareCase } from "../compare.mjs";

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "fusion",
    runCase(one) {
      const { inputs, params } = one;
      const weights = params.weights === undefined ? {} : { weights: params.weights };
      if (inputs.lists !== undefined) {
        const lists = inputs.lists.map((ids) => ({ ids, scores: Float64Array.from(ids, (_, i) => -i) }));
        return compareCase(shown(fuse(lists, { method: "rrf", rankConstant: params.k, ...weights })), one);
      }
      const runs = inputs.runs.map((run) => ({ ids: Object.keys(run), scores: Float64Array.from(Object.values(run)) }));
      const normalised = runs.map(({ ids, scores }) => byId(ids, minMaxScores(scores)));
      return compareCase({ normalised, ...shown(fuse(runs, { method: "min-max", ...weights })) }, one);
    },
  },
];

const byId = (ids, scores) => Object.fromEntries(ids.map((id, i) => [id, scores[i]]));

const shown = ({ ids, scores }) => ({ score: byId(ids, scores), order: ids });
