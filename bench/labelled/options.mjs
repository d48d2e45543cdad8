import { parseArgs } from "node:util";

/** The options of a comparison over labelled sets; `own` gives the defaults of `sets` and of what else it counts by (steps or rows). */
export function labelledOptions(own) {
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, text(value)])),
      seeds: text("1,2,3"),
      data: text("../shared/data"),
      threads: text("2"),
      dry: { type: "boolean", default: false },
    },
  });
  const numbers = ["threads", "steps", "rows"]
    .filter((name) => name in values)
    .map((name) => [name, whole(name, values[name])]);
  return { values, seeds: values.seeds.split(",").map((seed) => whole("seeds", seed)), ...Object.fromEntries(numbers) };
}

function whole(name, value) {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} ${value}: a whole number above 0 is expected`);
}
