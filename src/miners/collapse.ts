/** What a step of training reported. */
export interface WatchedStep {
  readonly step: number;
  readonly loss: number;
  /** Spread of the embeddings, 0 to 1 (`spread`). */
  readonly spread: number;
  /** In units of the margin; a collapse to the origin shows here and not in directions. */
  readonly meanNegativeDistance?: number;
}

export interface CollapseRule {
  /** The loss of a batch whose rows are all equal: the margin of a hinge, ln 2 of a soft margin, ln(columns) of a softmax over them. */
  readonly lossWhenEqual: number;
  /** How near to it the loss is, as a share of it; default 0.1. Also the share of it that distances count as nothing below. */
  readonly tolerance?: number;
  /** Spread that counts as nothing: 0.1 (default) is a mean cosine of 0.99. */
  readonly spread?: number;
  /** So many steps in a row; default 5. */
  readonly steps?: number;
}

/** A collapse, as it is written beside the steps. */
export interface CollapseAlarm {
  readonly kind: "alarm";
  readonly alarm: "collapse";
  /** The step at which it is sure, and the first one of the row. */
  readonly step: number;
  readonly since: number;
  readonly loss: number;
  readonly lossWhenEqual: number;
  readonly spread: number;
  readonly message: string;
}

/**
 * Watches training for a collapse: all rows become one, the loss stands at its value for equal rows and gradients are 0 (Schroff et al. 2015, section
 * 3.2, of the hardest negatives; Hermans et al. 2017). The function takes one step after another and gives an alarm once for each collapse.
 */
export function watchCollapse({
  lossWhenEqual,
  tolerance = 0.1,
  spread = 0.1,
  steps = 5,
}: CollapseRule): (step: WatchedStep) => CollapseAlarm | null {
  let since = 0;
  let inRow = 0;
  return (one) => {
    const near = Math.abs(one.loss - lossWhenEqual) <= tolerance * lossWhenEqual;
    const oneDirection = one.spread <= spread;
    const onePoint = (one.meanNegativeDistance ?? Number.POSITIVE_INFINITY) <= tolerance * lossWhenEqual;
    if (!(near && (oneDirection || onePoint))) {
      inRow = 0;
      return null;
    }
    if (inRow === 0) since = one.step;
    inRow += 1;
    if (inRow !== steps) return null;
    return {
      kind: "alarm",
      alarm: "collapse",
      step: one.step,
      since,
      loss: one.loss,
      lossWhenEqual,
      spread: one.spread,
      message:
        `the embeddings have collapsed: since step ${since} the loss stays at ${one.loss.toPrecision(3)}, which it has when all are equal ` +
        `(${lossWhenEqual.toPrecision(3)}), with a spread of ${one.spread.toPrecision(2)}; choose semi-hard negatives, a smaller learning rate or a smaller margin`,
    };
  };
}

/** The first collapse in a series of steps, or null. */
export function findCollapse(series: Iterable<WatchedStep>, rule: CollapseRule): CollapseAlarm | null {
  const watch = watchCollapse(rule);
  for (const step of series) {
    const alarm = watch(step);
    if (alarm !== null) return alarm;
  }
  return null;
}
