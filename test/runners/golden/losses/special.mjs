// Files whose inputs are no batch: name → (case, nodes) → the loss as a node, or null where it is not implemented.
export const special = new Map([]);
