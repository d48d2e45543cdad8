import type { Warnings } from "../base/warnings.js";
import { encoderOf } from "../checkpoint/index.js";
import { createForward } from "../encode/encode.js";
import { sequencer } from "../encode/model.js";
import type { HostTensor } from "../engine/types.js";
import type { TextVectors } from "../search/dense.js";
import type { Session } from "./session.js";

/** The starting weights, on the engine of the session, beside the trained ones. */
export async function untrainedSource(
  session: Session,
  warnings: Warnings,
): Promise<{ readonly source: TextVectors; release(): Promise<void> }> {
  const { engine, similarity } = session.current;
  const { description, tensors, record } = session.start;
  const encoder = encoderOf(description);
  const weights = await engine.load(
    new Map([...encoder.parameters.keys()].map((name) => [name, tensors.get(name) as HostTensor])),
  );
  const forward = createForward(engine, encoder);
  const sequence = sequencer(description, warnings);
  return {
    source: {
      fingerprint: record.fingerprint,
      similarity,
      engine,
      encode: (texts, { as, progress }) =>
        forward.encode(
          weights,
          texts.map((text) => sequence(text, as)),
          progress,
        ),
    },
    async release() {
      await forward.release();
      await engine.release(weights);
    },
  };
}
