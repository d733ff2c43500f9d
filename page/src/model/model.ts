// What the server says of a model version: the fields of curvegan/repository/model.py that the page
// needs.

import { fixedNumber, spanOf } from "../text/numbers";

export interface Tensor {
  name: string;
  datatype: "INT64" | "FP32";
  shape: number[];
}

export interface Measure {
  name: string;
  label: string;
  better: "lower" | "higher" | "nearer";
  floor: number | null;
  digits: number;
  gaussian: number | null;
  copies: number | null;
  low: number | null;
  high: number | null;
}

export interface Parameter {
  name: string;
  weights: number[];
  offset: number;
  low: number;
  high: number;
}

export interface Model {
  version: number;
  family: string;
  lower_bound: number[] | null;
  upper_bound: number[] | null;
  x_grid: number[];
  n_noise: number;
  seed_rule: string;
  recipe: string;
  training_seed: number | null;
  quality: Record<string, number>;
  sampler_sha256: string;
  generator_sha256: string;
  sampler_inputs: Tensor[];
  generator_inputs: Tensor[];
  output: Tensor;
  measures: Measure[];
  parameters: Parameter[];
  verdict: string;
  units: string;
  x_name: string;
  point_names: string[];
  labels: string[];
}

/** Returns what people call the point `i`: its name, or its x with decimals enough to tell 10 to the
 * power of `places` of them apart. */
export function pointName({ point_names, x_grid }: Model, i: number, places?: number): string {
  return point_names[i] ?? fixedNumber(x_grid[i]!, spanOf(x_grid), places);
}

/** Returns the class `label` of each of `rows` rows: int64 [rows]. */
export function labelsOf(label: number, rows: number): BigInt64Array {
  return new BigInt64Array(rows).fill(BigInt(label));
}

/** Returns whether both are the same version with the same files. */
export function isSame(one: Model, other: Model): boolean {
  return (
    one.version === other.version &&
    one.sampler_sha256 === other.sampler_sha256 &&
    one.generator_sha256 === other.generator_sha256
  );
}

/** Returns the value of `parameter` in each of `curves`, float32 [n · n_points]: float64 [n]. */
export function valuesOf(parameter: Parameter, curves: Float32Array): Float64Array {
  const { weights, offset } = parameter;
  return Float64Array.from({ length: curves.length / weights.length }, (_, row) =>
    weights.reduce((sum, weight, i) => sum + weight * curves[row * weights.length + i]!, offset),
  );
}
