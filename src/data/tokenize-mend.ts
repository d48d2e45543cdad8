// CJK ideographs beyond the basic plane, in the ranges of the reference tokenizer (it starts the fourth block at 2B920).
const ideographsBeyondBasicPlane =
  /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/**
 * What has to be done to a text before `@huggingface/tokenizers` 0.2 sees it, so that its BertNormalizer gives what the
 * reference (the Rust library) gives. It reads UTF-16 units where it looks for ideographs, so those beyond the basic
 * plane are not set apart; and it lower-cases whole strings, where a Greek capital sigma at a word's end becomes ς,
 * while the reference lower-cases character by character and writes σ. Other normalisers need nothing. What remains are some 670 rare characters that are newer than the reference's Unicode tables.
 */
export function mendText(normalizer: unknown): (text: string) => string {
  const steps = stepsOf(normalizer);
  const bert = steps.find((step) => step.type === "BertNormalizer");
  const apart = bert !== undefined && (bert.handle_chinese_chars ?? true);
  const lower = bert?.lowercase === true || steps.some((step) => step.type === "Lowercase");
  return (text) => {
    const spaced = apart ? text.replace(ideographsBeyondBasicPlane, " $& ") : text;
    return lower ? spaced.replaceAll("Σ", "σ") : spaced;
  };
}

/** The part of a `tokenizer.json` that says how text is normalised. */
interface Step {
  readonly type: string;
  readonly lowercase?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly normalizers?: readonly Step[];
}

function stepsOf(normalizer: unknown): readonly Step[] {
  if (normalizer === null || typeof normalizer !== "object") return [];
  const step = normalizer as Step;
  return step.type === "Sequence" ? (step.normalizers ?? []).flatMap(stepsOf) : [step];
}
