// The server, as the page sees it: descriptions, model files, and curves to compare with.
import type { Model } from "./model";

const JSON_LENGTH = "Inference-Header-Content-Length";
const TOKEN = "curvegan-token";

/** The server did not answer, or not in time. */
export class ServerAway extends Error {}
/** The server asks for a token, or for another one than it got. */
export class TokenNeeded extends Error {}
/** The server has no such version. */
export class NotServed extends Error {}

/** Keeps a token for as long as this tab is open, and nowhere else. */
export function keepToken(token: string): void {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

/** Returns the description of `version`, or of the version that is served. */
export async function fetchModel(version?: number): Promise<Model> {
  const answer = await ask(version === undefined ? "page/model" : `page/model/${version}`, {
    signal: AbortSignal.timeout(4000),
  });
  return (await readJson(answer)) as Model;
}

/** Returns the bytes of a model file of `version`, the very ones that the server computes with. */
export async function fetchOnnx(
  name: "sampler" | "generator",
  model: Model,
): Promise<Uint8Array> {
  const answer = await ask(`page/model/${model.version}/${name}.onnx`, {});
  return new Uint8Array(await answer.arrayBuffer());
}

/** Returns the server's own curves of `seeds`, float32 [n · n_points].
 *
 * Seeds go as raw 64-bit integers, for JSON's numbers are exact up to 2⁵³ only (in JavaScript).
 */
export async function serverCurves(
  version: number,
  seeds: BigInt64Array,
  signal: AbortSignal,
): Promise<Float32Array> {
  const head = new TextEncoder().encode(
    JSON.stringify({
      inputs: [
        {
          name: "seeds",
          datatype: "INT64",
          shape: [seeds.length],
          parameters: { binary_data_size: seeds.byteLength },
        },
      ],
      parameters: { binary_data_output: true },
    }),
  );
  const body = new Uint8Array(head.length + seeds.byteLength);
  body.set(head);
  body.set(new Uint8Array(seeds.buffer, seeds.byteOffset, seeds.byteLength), head.length);
  const answer = await ask(`v2/models/sampler/versions/${version}/infer`, {
    method: "POST",
    body,
    headers: { [JSON_LENGTH]: String(head.length), "Content-Type": "application/octet-stream" },
    signal,
  });
  const content = await answer.arrayBuffer();
  return new Float32Array(content.slice(Number(answer.headers.get(JSON_LENGTH))));
}

async function ask(path: string, options: RequestInit): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN);
  const headers = new Headers(options.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  let answer: Response;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (options.signal?.aborted && (error as Error).name === "AbortError") throw error;
    throw new ServerAway("the server does not answer");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new TokenNeeded(hasToken() ? "refused" : "none");
  if (answer.status === 404) throw new NotServed(path);
  throw new ServerAway(`the server answers with status ${answer.status}`);
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    throw new ServerAway("the server's answer broke off");
  }
}
