// What a batch of N anchors of N classes is made of, for each loss over tuples: rows and the negatives drawn for them.

/** Losses over tuples and the encoder rows that N anchors need. */
export const tupleLosses = [
  { name: "triplet", loss: ["triplet-margin", { margin: 0.2, metric: "cosine" }], drawn: () => 1, rows: (n) => 3 * n },
  { name: "(N+1)-tuplet", loss: ["n-plus-1-tuplet", {}], drawn: (n) => n - 1, rows: (n) => (n + 1) * n },
  {
    name: "N-pair one-versus-one",
    loss: ["n-pair-mc", { variant: "ovo", l2Reg: 0.002 }],
    drawn: () => 0,
    rows: (n) => 2 * n,
  },
  { name: "N-pair-mc", loss: ["n-pair-mc", { l2Reg: 0.002 }], drawn: () => 0, rows: (n) => 2 * n },
];

/**
 * N anchors of N distinct classes, each with a positive of its class and as many negatives of its own as the loss takes, every one of another
 * class: { pairs: [anchor, positive][], negatives: Map anchor → ids }. No item comes twice.
 */
export function tupleBatch(byLabel, n, drawn, generator) {
  const labels = [...byLabel.keys()].filter((label) => byLabel.get(label).length >= 2);
  const chosen = pick(labels, n, generator);
  const used = new Set();
  const take = (label) => {
    const rest = byLabel.get(label).filter((id) => !used.has(id));
    const id = rest[generator.int(rest.length)];
    used.add(id);
    return id;
  };
  const pairs = chosen.map((label) => [take(label), take(label)]);
  const negatives = new Map();
  pairs.forEach(([anchor], i) => {
    const own = [];
    while (own.length < drawn) {
      const label = labels[generator.int(labels.length)];
      if (label === chosen[i] || byLabel.get(label).every((id) => used.has(id))) continue;
      own.push(take(label));
    }
    negatives.set(anchor, own);
  });
  return { pairs, negatives };
}

function pick(all, count, generator) {
  const rest = [...all];
  return Array.from({ length: count }, () => rest.splice(generator.int(rest.length), 1)[0]);
}
