/** Something long tells how far it is. `total` may be absent; `note` is short text such as the current loss. */
export interface ProgressReport {
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly note?: string;
}

/** Takes progress reports; library code calls it often and never prints itself. */
export type Progress = (report: ProgressReport) => void;

export const noProgress: Progress = () => {};
