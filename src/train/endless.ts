import { rng, shuffle } from "../base/rng.js";

/** The endless sequence of batches, epoch after epoch. */
export interface Sequenced<Batch> {
  /** Batches of the first epoch. */
  readonly perEpoch: number;
  at(place: number): { readonly epoch: number; readonly batch: Batch };
}

/** Puts epochs in a row. Each is made anew when it is asked for, and only the last one made is held. */
export function endless<Batch>(make: (epoch: number) => readonly Batch[]): Sequenced<Batch> {
  const first = make(0);
  // Epochs differ in length, so where one starts is known once those before it were made.
  const starts = [0, first.length];
  let held = { epoch: 0, batches: first };
  const hold = (epoch: number) => {
    if (held.epoch !== epoch) held = { epoch, batches: make(epoch) };
    starts[epoch + 1] = (starts[epoch] as number) + held.batches.length;
  };
  return {
    perEpoch: first.length,
    at(place) {
      while ((starts.at(-1) as number) <= place) hold(starts.length - 1);
      const epoch = starts.findIndex((_, i) => place < (starts[i + 1] as number));
      hold(epoch);
      return { epoch, batch: held.batches[place - (starts[epoch] as number)] as Batch };
    },
  };
}

/** All items in an order that follows from seed and epoch, cut into batches; a last one of a single item is left out. */
export function shuffled<T>(items: readonly T[], size: number, seed: number, epoch: number): readonly (readonly T[])[] {
  const order = shuffle([...items], rng(seed, "batches", epoch));
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size)).filter(
    (batch) => batch.length > 1,
  );
}
