// The folders of src/ are layers: each may import only what stands beside its name (and src/base).
const allowed = {
  base: [],
  graph: [],
  autodiff: ["graph"],
  engine: ["graph"],
  nn: ["graph"],
  losses: ["graph", "nn", "miners"],
  miners: ["graph", "nn"],
  data: [],
  checkpoint: ["graph", "engine", "nn", "data"],
  encode: ["checkpoint", "graph", "engine", "nn", "data"],
  search: ["encode", "checkpoint", "graph", "engine", "nn", "data"],
};
allowed.negatives = [...allowed.search, "search", "losses"];
allowed.evaluate = [...allowed.search, "search"];
allowed.train = [
  ...new Set([...allowed.negatives, ...allowed.evaluate, "negatives", "evaluate", "losses", "miners", "autodiff"]),
];
allowed.recipes = [...allowed.train, "train"];
allowed.inspect = [...allowed.recipes, "recipes"];
allowed.report = [...allowed.inspect, "inspect"];
allowed.serve = [...allowed.search, "search"];

module.exports = {
  forbidden: [
    ...Object.entries(allowed).map(([folder, others]) => ({
      name: `layer-${folder}`,
      severity: "error",
      from: { path: `^src/${folder}/` },
      to: { path: "^src/", pathNot: `^src/(${[...new Set([folder, "base", ...others])].join("|")})/` },
    })),
    {
      name: "onnxruntime-only-in-engine",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/" },
      to: { path: "node_modules/onnxruntime" },
    },
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
