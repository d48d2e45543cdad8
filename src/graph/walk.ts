import type { Tensor } from "./tensor.js";

/**
 * All nodes that the outputs need, each once, inputs before what uses them; the order depends on the expression alone.
 * `isLeaf` stops the walk at nodes whose inputs are not wanted.
 */
export function topological(
  outputs: Iterable<Tensor>,
  isLeaf: (node: Tensor) => boolean = () => false,
): readonly Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // A stack of our own: expressions are deeper than the call stack allows.
  const stack: { readonly node: Tensor; next: number }[] = [];
  const enter = (node: Tensor) => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = isLeaf(top.node) ? undefined : top.node.inputs[top.next++];
      if (input !== undefined) enter(input);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
