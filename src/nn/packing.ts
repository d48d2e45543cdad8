// Token sequences side by side without padding: where each token, head and sequence lies.
//
// Sequences are sorted by length and packed as rows [tokens, hidden]; one dummy row at the end stands for every padded
// place. Attention runs on a few groups of similar length, padded inside each group only.

/** One group of sequences of similar length, padded to `length`. */
export interface LengthGroup {
  /** Sequences of the group, in packed order: `first` … `first + count - 1`. */
  readonly first: number;
  readonly count: number;
  /** Padded length. */
  readonly length: number;
}

/** Where everything of one batch lies. */
export interface Packing {
  /** Rows of the packed matrix, the dummy row included. */
  readonly tokens: number;
  /** Length of each sequence, in packed order. */
  readonly lengths: readonly number[];
  /** Packed position → sequence of the caller. */
  readonly order: Int32Array;
  /** Sequence of the caller → packed position. */
  readonly place: Int32Array;
  readonly groups: readonly LengthGroup[];
  /** For each group the packed row of each place [count, length]; padded places point to the dummy row. */
  readonly rows: readonly Int32Array[];
  /** Packed row → place in the concatenation of all groups; the dummy row's is a padded place. */
  readonly places: Int32Array;
}

/** How many places of attention cost as much as moving one row in and out of its group. */
const ROW_COST = 96;

/**
 * Packs sequences of the given lengths (each at least 1) into `wanted` length groups, or one each where they are fewer, so that one
 * program serves nearly all batches; or into groups of the given padded lengths (`padTo`, one a sequence), which makes the padding
 * a function of each text alone.
 */
export function packSequences(lengths: readonly number[], wanted: number, padTo?: readonly number[]): Packing {
  const order = Int32Array.from(lengths.keys()).sort(
    (a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b,
  );
  const sorted = Array.from(order, (index) => lengths[index] as number);
  const bounds =
    padTo === undefined
      ? splitGroups(chooseGroups(sorted, wanted), Math.min(wanted, sorted.length))
      : groupsOfEqual(Array.from(order, (index) => padTo[index] as number));
  const groups = withPaddedPlace(bounds, sorted);
  const starts = new Int32Array(sorted.length + 1);
  for (let i = 0; i < sorted.length; i++) starts[i + 1] = (starts[i] as number) + (sorted[i] as number);
  const dummy = starts[sorted.length] as number;
  const places = new Int32Array(dummy + 1).fill(-1);
  let offset = 0;
  const rows = groups.map((group) => {
    const table = new Int32Array(group.count * group.length).fill(dummy);
    for (let i = 0; i < group.count; i++) {
      const start = starts[group.first + i] as number;
      const length = sorted[group.first + i] as number;
      for (let t = 0; t < length; t++) {
        table[i * group.length + t] = start + t;
        places[start + t] = offset + i * group.length + t;
      }
      if (length < group.length) places[dummy] = offset + i * group.length + length;
    }
    offset += table.length;
    return table;
  });
  const place = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) place[order[i] as number] = i;
  return { tokens: dummy + 1, lengths: sorted, order, place, groups, rows, places };
}

/** Where the heads of a packed matrix lie: rows of [tokens, hidden] seen as [tokens * heads, hidden / heads]. */
export interface HeadIndex {
  /** For each group: row of the sliced view of each place [count, heads, length]. */
  readonly indices: readonly Int32Array[];
  /** Row of the sliced view → place in the concatenation of all groups; the dummy row's are a padded place. */
  readonly inverse: Int32Array;
}

/** The table that cuts a packed matrix into [count, heads, length] for each group, and back. */
export function headIndex(packing: Packing, heads: number): HeadIndex {
  const inverse = new Int32Array(packing.tokens * heads);
  const dummy = packing.tokens - 1;
  let offset = 0;
  let padded = -1;
  const indices = packing.groups.map((group, g) => {
    const rows = packing.rows[g] as Int32Array;
    const table = new Int32Array(group.count * heads * group.length);
    for (let i = 0, at = 0; i < group.count; i++) {
      for (let head = 0; head < heads; head++) {
        for (let t = 0; t < group.length; t++, at++) {
          const row = rows[i * group.length + t] as number;
          table[at] = row * heads + head;
          if (row === dummy) padded = offset + at;
          else inverse[row * heads + head] = offset + at;
        }
      }
    }
    offset += table.length;
    return table;
  });
  inverse.fill(padded, dummy * heads);
  return { indices, inverse };
}

/** Consecutive runs of equal padded length. */
function groupsOfEqual(padded: readonly number[]): LengthGroup[] {
  const groups: LengthGroup[] = [];
  for (let i = 0; i < padded.length; ) {
    let end = i;
    while (end < padded.length && padded[end] === padded[i]) end++;
    groups.push({ first: i, count: end - i, length: padded[i] as number });
    i = end;
  }
  return groups;
}

/** The dummy row needs a padded place with zero gradient to come back from; a batch without padding gets one column more. */
function withPaddedPlace(groups: readonly LengthGroup[], sorted: readonly number[]): LengthGroup[] {
  const padded = groups.some((group) => (sorted[group.first] as number) < group.length);
  return groups.map((group, i) => (i === 0 && !padded ? { ...group, length: group.length + 1 } : group));
}

/** The division of sorted lengths into at most `most` groups that minimises Σ count · (L² + ROW_COST · L), by dynamic programming. */
function chooseGroups(sorted: readonly number[], most: number): LengthGroup[] {
  const ends: number[] = [];
  for (let i = 1; i <= sorted.length; i++) if (i === sorted.length || sorted[i] !== sorted[i - 1]) ends.push(i);
  const steps = Math.min(most, ends.length);
  const n = ends.length;
  // best[k][j]: least cost of the first j distinct lengths in k groups; from[k][j]: where the last of these groups starts.
  const best = Array.from({ length: steps + 1 }, () => new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY));
  const from = Array.from({ length: steps + 1 }, () => new Int32Array(n + 1));
  (best[0] as Float64Array)[0] = 0;
  for (let k = 1; k <= steps; k++) {
    for (let j = k; j <= n; j++) {
      const length = sorted[(ends[j - 1] as number) - 1] as number;
      for (let i = k - 1; i < j; i++) {
        const count = (ends[j - 1] as number) - (i === 0 ? 0 : (ends[i - 1] as number));
        const cost = ((best[k - 1] as Float64Array)[i] as number) + count * length * (length + ROW_COST);
        if (cost < ((best[k] as Float64Array)[j] as number)) {
          (best[k] as Float64Array)[j] = cost;
          (from[k] as Int32Array)[j] = i;
        }
      }
    }
  }
  const groups: LengthGroup[] = [];
  for (let k = steps, j = n; k > 0; k--) {
    const i = (from[k] as Int32Array)[j] as number;
    const first = i === 0 ? 0 : (ends[i - 1] as number);
    const end = ends[j - 1] as number;
    groups.unshift({ first, count: end - first, length: sorted[end - 1] as number });
    j = i;
  }
  return groups;
}

/** As many groups as wanted: the one of the most places is halved until there are. */
function splitGroups(groups: readonly LengthGroup[], wanted: number): readonly LengthGroup[] {
  if (groups.length >= wanted) return groups;
  const places = ({ count, length }: LengthGroup): number => (count === 1 ? 0 : count * length);
  const most = Math.max(...groups.map(places));
  const at = groups.findIndex((group) => places(group) === most);
  const { first, count, length } = groups[at] as LengthGroup;
  const half = count >> 1;
  const halves = [
    { first, count: half, length },
    { first: first + half, count: count - half, length },
  ];
  return splitGroups(groups.toSpliced(at, 1, ...halves), wanted);
}
