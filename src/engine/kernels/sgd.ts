// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes, counts are float32 values.

/** One fused pass of SGD as PyTorch's: decay joins the gradient, then momentum (velocity 0: none), then optionally Nesterov. */
export function sgd(
  parameter: usize,
  gradient: usize,
  velocity: usize,
  count: usize,
  gradientScale: f32,
  weightDecay: f32,
  momentum: f32,
  nesterov: bool,
  learningRate: f32,
): void {
  const vGradientScale = f32x4.splat(gradientScale);
  const vWeightDecay = f32x4.splat(weightDecay);
  const vMomentum = f32x4.splat(momentum);
  const vLearningRate = f32x4.splat(learningRate);
  const bytes = count << 2;
  const whole = (count & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const p = v128.load(parameter + at);
    let g = f32x4.add(f32x4.mul(v128.load(gradient + at), vGradientScale), f32x4.mul(p, vWeightDecay));
    if (velocity != 0) {
      const u = f32x4.add(f32x4.mul(v128.load(velocity + at), vMomentum), g);
      v128.store(velocity + at, u);
      g = nesterov ? f32x4.add(g, f32x4.mul(u, vMomentum)) : u;
    }
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(g, vLearningRate)));
  }
  for (; at < bytes; at += 4) {
    const p = load<f32>(parameter + at);
    let g = load<f32>(gradient + at) * gradientScale + p * weightDecay;
    if (velocity != 0) {
      const u = load<f32>(velocity + at) * momentum + g;
      store<f32>(velocity + at, u);
      g = nesterov ? g + u * momentum : u;
    }
    store<f32>(parameter + at, p - g * learningRate);
  }
}
