// The server, as the page sees it: descriptions, model files, and curves to compare with.
import { labelsOf, type Model } from "./model";

const JSON_LENGTH = "Inference-Header-Content-Length";
const TOKEN = "curvegan-token";
const TIMEOUT_MILLISECONDS = 5000;

/** The server did not answer, or not in time. */
export class ServerAway extends Error {}
/** The server asks for a token, or for another one than it got, if one was `sent`. */
export class TokenNeeded extends Error {
  constructor(readonly sent: boolean) {
    super("the server asks for a token");
  }
}
/** The server has no such version. */
export class NotServed extends Error {}

/** Returns whether `text` may be a token: what HTTP can carry. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Keeps a token for as long as this tab is open, and nowhere else. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/** Returns the description of `version`, or of the version that is served. */
export async function fetchModel(version?: number): Promise<Model> {
  const path = version === undefined ? "page/model" : `page/model/${version}`;
  const { content } = await ask(path);
  try {
    return JSON.parse(new TextDecoder().decode(content)) as Model;
  } catch {
    throw new ServerAway("something else answers in the server’s place");
  }
}

/** Returns the bytes of a model file of `version`, the very ones that the server computes with. */
export async function fetchOnnx(
  name: "sampler" | "generator",
  model: Model,
): Promise<Uint8Array> {
  const { content } = await ask(`page/model/${model.version}/${name}.onnx`);
  return new Uint8Array(content);
}

/** Returns the server's own curves of `seeds`, all of the class `label`, or null: float32
 * [n · n_points].
 *
 * Seeds go as raw 64-bit integers, for JSON's numbers are exact up to 2⁵³ only (in JavaScript).
 */
export async function serverCurves(
  { version, sampler_inputs: inputs }: Model,
  seeds: BigInt64Array,
  label: number | null,
  signal: AbortSignal,
): Promise<Float32Array> {
  const given = label === null ? [seeds] : [seeds, labelsOf(label, seeds.length)];
  const head = new TextEncoder().encode(
    JSON.stringify({
      inputs: given.map((numbers, i) => ({
        name: inputs[i]!.name,
        datatype: inputs[i]!.datatype,
        shape: [numbers.length],
        parameters: { binary_data_size: numbers.byteLength },
      })),
      parameters: { binary_data_output: true },
    }),
  );
  const body = joined([head, ...given]);
  const { content, headers } = await ask(`v2/models/sampler/versions/${version}/infer`, {
    method: "POST",
    body,
    headers: { [JSON_LENGTH]: String(head.length), "Content-Type": "application/octet-stream" },
    signal,
  });
  return new Float32Array(content.slice(Number(headers.get(JSON_LENGTH))));
}

/** Returns the bytes of `parts`, one after the other. */
function joined(parts: (Uint8Array | BigInt64Array)[]): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    body.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return body;
}

/** Returns a whole answer. Throws ServerAway, TokenNeeded or NotServed where there is none, and
 * what `signal` was aborted with. */
async function ask(
  path: string,
  { signal, ...options }: RequestInit = {},
): Promise<{ content: ArrayBuffer; headers: Headers }> {
  const token = sessionStorage.getItem(TOKEN);
  const headers = new Headers(options.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  const limits = [AbortSignal.timeout(TIMEOUT_MILLISECONDS), ...(signal ? [signal] : [])];
  let answer: Response;
  let content: ArrayBuffer;
  try {
    answer = await fetch(path, { ...options, headers, signal: AbortSignal.any(limits) });
    content = await answer.arrayBuffer();
  } catch {
    signal?.throwIfAborted();
    throw new ServerAway("the server does not answer");
  }
  if (answer.ok) return { content, headers: answer.headers };
  if (answer.status === 401) throw new TokenNeeded(token !== null);
  if (answer.status === 404) throw new NotServed(path);
  throw new ServerAway(`the server answers with status ${answer.status}`);
}
