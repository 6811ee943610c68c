import { fetch } from 'undici';
import { countElements, type Asked, type Metadata, type Reply } from './asked.ts';
import { cases } from './cases.ts';
import { controlCases, extensionCases } from './extensions.ts';

export interface Server {
  readonly url: string;
  /** Of the model that is asked. */
  readonly model: string;
  /** Sent along with every inference: a seed for a model that draws. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Also unloads the model and loads it again. */
  readonly control?: boolean;
}
/** Asks a server every case. @returns what is wrong, null where all is well, by the case */
export async function conformance({
  url,
  model,
  parameters = {},
  control = false,
}: Server): Promise<{ says: string; wrong: string | null }[]> {
  const ask = async (path: string, init: object = {}): Promise<Reply> => {
    const reply = await fetch(url + path, init);
    const bytes = Buffer.from(await reply.arrayBuffer());
    return {
      status: reply.status,
      headers: reply.headers,
      bytes,
      json: () => JSON.parse(bytes.toString()) as Record<string, unknown>,
    };
  };
  const get: Asked['get'] = (path) => ask(path);
  const post: Asked['post'] = (path, body, headers = { 'content-type': 'application/json' }) =>
    ask(path, {
      method: 'POST',
      headers,
      body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  const path = `/v2/models/${encodeURIComponent(model)}`;
  const metadata = (await get(path)).json() as unknown as Metadata;
  const request: Asked['request'] = (change, rest = {}) => ({
    ...rest,
    parameters: { ...parameters, ...rest.parameters },
    inputs: metadata.inputs.map(({ name, datatype, shape: wanted }, index) => {
      const shape = wanted.map((size, axis) => (size >= 0 ? size : axis === 0 ? 1 : 3));
      const data = Array.from({ length: countElements(shape) }, (_, i) =>
        datatype === 'BYTES' ? 'abc' : i % 2,
      );
      const input: Record<string, unknown> = { name, datatype, shape, data };
      change?.(input, index);
      return input;
    }),
  });
  const { outputs } = (await post(`${path}/infer`, request())).json() as { outputs?: Asked['answer'] };
  const asked: Asked = { get, post, metadata, path, request, answer: outputs ?? [] };
  const results = [];
  for (const { says, run } of [...cases, ...extensionCases, ...(control ? controlCases : [])])
    results.push({
      says,
      wrong: await run(asked).then(
        () => null,
        (error: unknown) => (error as Error).message,
      ),
    });
  return results;
}
