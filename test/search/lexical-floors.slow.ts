import { testFloor } from "./floors.js";

testFloor({
  set: "medquad",
  split: "test",
  bm25: [0.5561, 0.4776, 0.8263, 0.9068, 0.3107],
  tfIdf: [0.5098, 0.4243, 0.7934, 0.9124, 0.258],
});
testFloor({
  set: "medquad",
  split: "dev",
  bm25: [0.5819, 0.5038, 0.8532, 0.9318, 0.3295],
  tfIdf: [0.5176, 0.4336, 0.802, 0.93, 0.263],
});
testFloor({
  set: "cmrc2018-zh",
  split: "test",
  bm25: [0.9803, 0.9745, 0.9975, 0.9994, 0.9574],
  tfIdf: [0.9791, 0.9726, 0.9981, 0.9994, 0.9537],
});
