export { type ScoreOptions, type ScoreResult, scoreRun as score, type TrecValues } from "../evaluate/score.js";
