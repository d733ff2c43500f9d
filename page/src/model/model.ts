// What the server says of a model version, as serve/web/page_routes.py writes it.

export interface Model {
  version: number;
  family: string;
  lower_bound: number[] | null;
  upper_bound: number[] | null;
  x_grid: number[];
  n_noise: number;
  seed_rule: string;
  recipe: string;
  training_seed: number;
  quality: Record<string, number>;
  sampler_sha256: string;
  generator_sha256: string;
}

/** Returns whether both are the same version with the same files. */
export function isSame(one: Model, other: Model): boolean {
  return (
    one.version === other.version &&
    one.sampler_sha256 === other.sampler_sha256 &&
    one.generator_sha256 === other.generator_sha256
  );
}

/** The built-in family, y = a·x² + (a − 1) with a ~ U(1, 2): the only one of which this page knows
 * more than its bounds. */
export function isQuadratics(model: Model): boolean {
  return model.family === "quadratics";
}

/** Returns the a that fits each of `curves`, float32 [n · n_points], best, by least squares. */
export function fitA(curves: Float32Array, xGrid: number[]): Float64Array {
  const shape = xGrid.map((x) => x * x + 1);
  const norm = shape.reduce((sum, value) => sum + value * value, 0);
  const fitted = new Float64Array(curves.length / xGrid.length);
  for (let row = 0; row < fitted.length; row++) {
    let product = 0;
    for (let i = 0; i < shape.length; i++) {
      product += (curves[row * shape.length + i]! + 1) * shape[i]!;
    }
    fitted[row] = product / norm;
  }
  return fitted;
}
