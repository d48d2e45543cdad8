/**
 * A process that ends while onnxruntime computes in one of its threads aborts. So a thread shows in memory that it shares with its starter whether it is at
 * work, and lets nothing more begin once the process is leaving.
 */
export type Gate = Int32Array<SharedArrayBuffer>;

const [IDLE, AT_WORK, LEAVING] = [0, 1, 2];
/** How long a process that leaves waits for work that goes on. Milliseconds. */
const PATIENCE = 10_000;

/** Of a thread that is at work from its start. */
export function createGate(): Gate {
  return new Int32Array(new SharedArrayBuffer(4)).fill(AT_WORK);
}

/** Whether work may begin: not once the process is leaving. */
export function enter(gate: Gate): boolean {
  return Atomics.compareExchange(gate, 0, IDLE, AT_WORK) === IDLE;
}

export function leave(gate: Gate): void {
  Atomics.store(gate, 0, IDLE);
  Atomics.notify(gate, 0);
}

/** For the process's end: returns once the thread has finished what it is at, or patience is over. Nothing begins afterwards. */
export function lock(gate: Gate): void {
  const end = performance.now() + PATIENCE;
  while (Atomics.compareExchange(gate, 0, IDLE, LEAVING) === AT_WORK) {
    if (performance.now() >= end) return;
    Atomics.wait(gate, 0, AT_WORK, end - performance.now());
  }
}
