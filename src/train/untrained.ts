import type { Warnings } from "../base/warnings.js";
import { type Model, openTensors } from "../encode/model.js";
import type { Session } from "./session.js";

/** The starting weights, on the engine of the session, beside the trained ones. */
export async function untrainedModel(session: Session, warnings: Warnings): Promise<Model> {
  const { description, tensors, record } = session.start;
  return openTensors({
    engine: session.current.engine,
    description,
    tensors,
    fingerprint: record.fingerprint,
    warnings,
  });
}
