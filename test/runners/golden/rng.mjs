import { rngFromState, splitmix64 } from "#nearmiss/base/rng.js";
import { compareCase } from "../compare.mjs";

// Known answers of the generators that nearmiss has: splitmix64, xoshiro128**. pcg32 and mulberry32 are not part of it.
export const handlers = [
  {
    matches: ({ parent, name }) => parent === "samplers" && name === "rng",
    runCase(one) {
      const { inputs, params, expected } = one;
      if (inputs.state !== undefined && inputs.bound !== undefined) {
        const generator = rngFromState(inputs.state);
        return compareCase({ values: expected.values.map(() => generator.int(inputs.bound)) }, one);
      }
      if (inputs.state !== undefined) return compareCase(words(inputs.state, expected), one);
      if (expected.decimal !== undefined)
        return compareCase(splitmix(BigInt(inputs.seed), expected.decimal.length), one);
      if (params.layout === "two outputs, low word first") {
        const [low, high] = splitmix(BigInt(inputs.seed), 2).decimal.map(BigInt);
        const state = [low, low >> 32n, high, high >> 32n].map((word) => Number(BigInt.asUintN(32, word)));
        return compareCase({ state, ...words(state, expected) }, one);
      }
      return "skip";
    },
  },
];

function words(state, expected) {
  const generator = rngFromState(state);
  const uint32 = expected.uint32.map(() => generator.uint32());
  // The files hold 15 digits.
  return { uint32, unitFloat: uint32.map((word) => Number((word / 2 ** 32).toPrecision(15))) };
}

function splitmix(seed, count) {
  const values = [];
  let state = seed;
  for (let i = 0; i < count; i++) {
    const next = splitmix64(state);
    values.push(next.value);
    state = next.state;
  }
  return { decimal: values.map(String), hex: values.map((value) => value.toString(16).padStart(16, "0")) };
}
