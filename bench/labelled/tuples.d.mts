/** A loss over tuples, and the encoder rows that N anchors need. */
export interface TupleLoss {
  readonly name: string;
  readonly loss: readonly [string, Readonly<Record<string, unknown>>];
  drawn(n: number): number;
  rows(n: number): number;
}
export const tupleLosses: readonly TupleLoss[];
export function tupleBatch(
  byLabel: ReadonlyMap<string, readonly string[]>,
  n: number,
  drawn: number,
  generator: { int(n: number): number },
): {
  readonly pairs: readonly (readonly [string, string])[];
  readonly negatives: ReadonlyMap<string, readonly string[]>;
};
