// onnxruntime in the browser (WebAssembly), with the files that the server itself computes with.
import type * as Ort from "onnxruntime-web/wasm";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
import { labelsOf, type Model, type Tensor } from "./model";
import { fetchOnnx, ServerAway } from "./server";

// Rows of one run: they fit into a cache.
const ROWS_PER_RUN = 1024;

// onnxruntime's names of the types.
const TYPES = { INT64: "int64", FP32: "float32" } as const;

/** This browser can't load the models. */
export class CannotCompute extends Error {}

let library: Promise<typeof Ort> | undefined;

/** Loads the library; its WebAssembly follows with the first session. */
export function loadLibrary(): Promise<typeof Ort> {
  library ??= import("onnxruntime-web/wasm").then((ort) => {
    // More threads need headers that isolate the page, and gain nothing at this size.
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };
    ort.env.logLevel = "error";
    return ort;
  }, () => {
    library = undefined; // It is fetched anew.
    throw new ServerAway("the library did not come");
  });
  return library;
}

/** Both models of a version, ready to compute. */
export class Runtime {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly ort: typeof Ort,
    readonly model: Model,
    private readonly sampler: Ort.InferenceSession,
    private readonly generator: Ort.InferenceSession,
  ) {}

  /** Fetches a version's files and loads them. Throws CannotCompute, or what `fetchOnnx` does. */
  static async of(model: Model): Promise<Runtime> {
    const [ort, sampler, generator] = await Promise.all([
      loadLibrary(),
      fetchOnnx("sampler", model),
      fetchOnnx("generator", model),
    ]);
    const options: Ort.InferenceSession.SessionOptions = { executionProviders: ["wasm"] };
    try {
      return new Runtime(
        ort,
        model,
        await ort.InferenceSession.create(sampler, options),
        await ort.InferenceSession.create(generator, options),
      );
    } catch (error) {
      throw new CannotCompute("onnxruntime-web can't load the models", { cause: error });
    }
  }

  /** Returns the curves of `seeds`, all of the class `label`, or null: float32 [n · n_points]. */
  async curvesOfSeeds(seeds: BigInt64Array, label: number | null): Promise<Float32Array> {
    const n = this.model.x_grid.length;
    const curves = new Float32Array(seeds.length * n);
    const runs: Promise<void>[] = [];
    // All are in the queue at once, so that none comes after `release`.
    for (let row = 0; row < seeds.length; row += ROWS_PER_RUN) {
      const part = seeds.slice(row, row + ROWS_PER_RUN);
      const made = this.run(this.sampler, this.model.sampler_inputs, part, label);
      runs.push(made.then((values) => curves.set(values, row * n)));
    }
    await Promise.all(runs);
    return curves;
  }

  /** Returns the curve of `noise`, float32 [n_noise], and of the class `label`, or null: float32
   * [n_points]. */
  curveOfNoise(noise: Float32Array, label: number | null): Promise<Float32Array> {
    return this.run(this.generator, this.model.generator_inputs, noise, label);
  }

  /** Ends both sessions, once what was asked for is done. */
  async release(): Promise<void> {
    await this.queue;
    await this.sampler.release();
    await this.generator.release();
  }

  /** Returns the curves of the rows `data` of the first of `inputs`, all of the class `label`. Runs
   * one after the other: a session takes one call at a time. */
  private run(
    session: Ort.InferenceSession,
    [first, labels]: Tensor[],
    data: BigInt64Array | Float32Array,
    label: number | null,
  ): Promise<Float32Array> {
    const row = first!.shape.slice(1);
    const rows = data.length / row.reduce((size, length) => size * length, 1);
    const result = this.queue.then(async () => {
      const feeds = { [first!.name]: this.tensor(first!, data, [rows, ...row]) };
      if (labels && label !== null) {
        feeds[labels.name] = this.tensor(labels, labelsOf(label, rows), [rows]);
      }
      const outputs = await session.run(feeds);
      return outputs[this.model.output.name]!.data as Float32Array;
    });
    this.queue = result.catch(() => undefined);
    return result;
  }

  private tensor(
    { datatype }: Tensor,
    data: BigInt64Array | Float32Array,
    shape: number[],
  ): Ort.Tensor {
    return new this.ort.Tensor(TYPES[datatype] as "float32", data as Float32Array, shape);
  }
}
