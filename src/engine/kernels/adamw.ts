// AssemblyScript: compiled to WebAssembly with SIMD by scripts/build.mjs. Addresses are bytes, counts are float32 values.

/** One fused pass of AdamW; the factors are those of `adamwFactors` in ../reference.ts. Gradient 0: all of it is zero. */
export function adamw(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  count: usize,
  gradientScale: f32,
  keep: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  stepSize: f32,
  inverseRoot: f32,
  epsilon: f32,
): void {
  const vGradientScale = f32x4.splat(gradientScale);
  const vKeep = f32x4.splat(keep);
  const vBeta1 = f32x4.splat(beta1);
  const vOneMinusBeta1 = f32x4.splat(oneMinusBeta1);
  const vBeta2 = f32x4.splat(beta2);
  const vOneMinusBeta2 = f32x4.splat(oneMinusBeta2);
  const vStepSize = f32x4.splat(stepSize);
  const vInverseRoot = f32x4.splat(inverseRoot);
  const vEpsilon = f32x4.splat(epsilon);
  // Without gradient and decay nothing moves where both moments are zero: most of a table that is trained on few of its words.
  const rests = gradient == 0 && keep == 1 && epsilon > 0;
  const bytes = count << 2;
  const whole = (count & ~3) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    if (rests && !v128.any_true(v128.or(v128.load(first + at), v128.load(second + at)))) continue;
    const g = gradient == 0 ? f32x4.splat(0) : f32x4.mul(v128.load(gradient + at), vGradientScale);
    const m = f32x4.add(f32x4.mul(v128.load(first + at), vBeta1), f32x4.mul(g, vOneMinusBeta1));
    const v = f32x4.add(f32x4.mul(v128.load(second + at), vBeta2), f32x4.mul(f32x4.mul(g, g), vOneMinusBeta2));
    v128.store(first + at, m);
    v128.store(second + at, v);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), vInverseRoot), vEpsilon);
    const change = f32x4.div(f32x4.mul(m, vStepSize), denominator);
    v128.store(parameter + at, f32x4.sub(f32x4.mul(v128.load(parameter + at), vKeep), change));
  }
  for (; at < bytes; at += 4) {
    const g = gradient == 0 ? <f32>0 : load<f32>(gradient + at) * gradientScale;
    const m = load<f32>(first + at) * beta1 + g * oneMinusBeta1;
    const v = load<f32>(second + at) * beta2 + g * g * oneMinusBeta2;
    store<f32>(first + at, m);
    store<f32>(second + at, v);
    const change = (m * stepSize) / (sqrt<f32>(v) * inverseRoot + epsilon);
    store<f32>(parameter + at, load<f32>(parameter + at) * keep - change);
  }
}

/** AdamW over the rows `from` … `to` − 1 of a table of which only the rows `ids`, ascending, have a gradient: there, in `gradient`. */
export function adamwTable(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  ids: usize,
  idCount: usize,
  from: usize,
  to: usize,
  width: usize,
  gradientScale: f32,
  keep: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  stepSize: f32,
  inverseRoot: f32,
  epsilon: f32,
): void {
  const end = ids + (idCount << 2);
  let next = ids;
  let row = from;
  while (next < end && <usize>load<i32>(next) < from) next += 4;
  while (row < to) {
    // A stretch of rows without a gradient, or of rows with one.
    const has = next < end && <usize>load<i32>(next) == row;
    let stop = has ? row : next < end ? min(to, <usize>load<i32>(next)) : to;
    for (; has && stop < to && next < end && <usize>load<i32>(next) == stop; next += 4) stop++;
    const at = (row * width) << 2;
    adamw(
      parameter + at,
      has ? gradient + at : 0,
      first + at,
      second + at,
      (stop - row) * width,
      gradientScale,
      keep,
      beta1,
      oneMinusBeta1,
      beta2,
      oneMinusBeta2,
      stepSize,
      inverseRoot,
      epsilon,
    );
    row = stop;
  }
}
