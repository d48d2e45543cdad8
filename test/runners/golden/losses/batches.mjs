// A case's inputs as the batch that a loss takes.
import { constant } from "#nearmiss/graph/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import { listBatch } from "./lists.mjs";
import { pairBatch } from "./pairs.mjs";

/** `{ kind, batch }` of a case, by the names of its inputs. */
export function batchOf({ inputs }, nodes, { kinds, scope }) {
  if (inputs.embeddings !== undefined && inputs.labels !== undefined)
    return { kind: "labelled", batch: labelled(inputs, nodes) };
  if (inputs.embeddings !== undefined && kinds.includes("vectors"))
    return { kind: "vectors", batch: { columns: ["embeddings", "embeddings2"].flatMap((name) => nodes[name] ?? []) } };
  const list = listBatch(inputs, nodes);
  if (list !== null && kinds.includes(list.kind)) return list;
  const pairs = pairBatch(inputs, nodes, scope);
  if (pairs !== null && kinds.includes("pairs")) return { kind: "pairs", batch: pairs };
  throw new Error(`no batch is known for the inputs ${Object.keys(inputs).join(", ")}`);
}

function labelled({ labels, embeddings }, nodes) {
  const rows = embeddings.length;
  const items = labels.map((label, row) => ({
    id: String(row),
    labels: [label].flat().map(String),
  }));
  const { positive, negative, pairs } = relationsOf(items);
  const classes = labels.every((label) => Number.isInteger(label))
    ? { classes: constant(Int32Array.from(labels)) }
    : {};
  return {
    embeddings: nodes.embeddings,
    references: nodes.embeddings,
    positive: constant(positive, [rows, rows]),
    negative: constant(negative, [rows, rows]),
    pairs: { anchor: constant(pairs.anchor), positive: constant(pairs.positive), valid: constant(pairs.valid) },
    ...classes,
  };
}
