import { inputError } from "../base/errors.js";
import { parseNumber } from "./check.js";
import { references } from "./reference.js";
import type { Sampler } from "./sampler.js";
import { nearestK } from "./samplers/nearest-k.js";
import { random } from "./samplers/random.js";
import { shiftBases, shiftedTopK } from "./samplers/shifted-top-k.js";
import { outsidePolicies, type SimansOptions, simans, simansPresets, simansReferences } from "./samplers/simans.js";
import { simansKernels, simansSigns, simansUnits } from "./samplers/simans-weights.js";
import { topK } from "./samplers/top-k.js";
import { uniformBand, uniformTopM } from "./samplers/uniform-band.js";

/** Typed access to the text parameters of one sampler; what is never asked for is unknown to it. */
interface Params {
  number(name: string): number | undefined;
  required(name: string): number;
  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined;
}

/** Names of the samplers that choose from a pool. */
export const samplerNames = [
  "random",
  "top-k",
  "shifted-top-k",
  "uniform-top-m",
  "uniform-band",
  "nearest-k",
  "simans",
] as const;

export type SamplerName = (typeof samplerNames)[number];

const makers: ReadonlyMap<string, (params: Params) => Sampler> = new Map<SamplerName, (params: Params) => Sampler>([
  ["random", () => random()],
  ["top-k", () => topK()],
  [
    "shifted-top-k",
    (params) =>
      shiftedTopK({ shift: params.required("shift"), ...given({ basis: params.oneOf("basis", shiftBases) }) }),
  ],
  ["uniform-top-m", (params) => uniformTopM({ m: params.required("m") })],
  ["uniform-band", (params) => uniformBand({ from: params.required("from"), to: params.required("to") })],
  [
    "nearest-k",
    (params) => nearestK(given({ b: params.number("b"), reference: params.oneOf("reference", references) })),
  ],
  ["simans", (params) => simans(simansOptions(params))],
]);

/**
 * A sampler from its name and text parameters, as the command line gives them. Throws an input error for an unknown name or parameter, a
 * value out of range, or a parameter that has no effect beside the others.
 */
export function parseSampler(name: string, params: ReadonlyMap<string, string> = new Map()): Sampler {
  if (name === "in-batch") {
    throw inputError(
      "bad-sampler",
      "the sampler in-batch takes its negatives from the batch: it has no pool to draw from",
      {
        found: name,
        expected: samplerNames.join(", "),
      },
    );
  }
  const make = makers.get(name);
  if (make === undefined) {
    throw inputError("unknown-sampler", "unknown sampler", { found: name, expected: samplerNames.join(", ") });
  }
  const known = new Set<string>();
  const sampler = make(paramsOf(name, params, known));
  for (const [param, value] of params) {
    if (known.has(param)) continue;
    throw inputError("unknown-param", `sampler ${name} has no such parameter`, {
      found: `${param}=${value}`,
      expected: known.size === 0 ? "no parameters" : [...known].join(", "),
    });
  }
  return sampler;
}

function simansOptions(params: Params): SimansOptions {
  const preset = params.oneOf("preset", Object.keys(simansPresets) as (keyof typeof simansPresets)[]);
  const options: SimansOptions = {
    ...(preset === undefined ? {} : simansPresets[preset]),
    ...given({
      kernel: params.oneOf("kernel", simansKernels),
      sign: params.oneOf("sign", simansSigns),
      unit: params.oneOf("unit", simansUnits),
      b: params.number("b"),
      reference: params.oneOf("reference", simansReferences),
      outside: params.oneOf("outside", outsidePolicies),
    }),
  };
  const width = given({ a: params.number("a"), tau: params.number("tau") });
  const kernel = options.kernel ?? "gaussian";
  const idle = kernel === "laplace" ? "a" : "tau";
  if (width[idle] !== undefined) {
    throw inputError("bad-param", `simans: ${idle} has no effect with kernel=${kernel}`, {
      found: `${idle}=${width[idle]}`,
      expected: kernel === "laplace" ? "tau" : "a",
    });
  }
  return { ...options, ...width };
}

function paramsOf(sampler: string, params: ReadonlyMap<string, string>, known: Set<string>): Params {
  const textOf = (name: string): string | undefined => {
    known.add(name);
    return params.get(name);
  };
  const number = (name: string): number | undefined => {
    const text = textOf(name);
    if (text === undefined) return undefined;
    const value = parseNumber(text);
    if (!Number.isNaN(value)) return value;
    throw inputError("bad-param", `sampler ${sampler}: ${name} is no number`, {
      found: text,
      expected: "a finite number",
    });
  };
  return {
    number,
    required(name) {
      const value = number(name);
      if (value !== undefined) return value;
      throw inputError("missing-param", `sampler ${sampler} needs a parameter`, { expected: `${name}=NUMBER` });
    },
    oneOf(name, values) {
      const text = textOf(name);
      const value = values.find((one) => one === text);
      if (text === undefined || value !== undefined) return value;
      throw inputError("bad-param", `sampler ${sampler}: bad value of ${name}`, {
        found: text,
        expected: values.join(", "),
      });
    },
  };
}

/** The entries that have a value: options that were not given keep their defaults. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
