import Fastify from 'fastify';
import { InferenceSession } from 'onnxruntime-node';
import { parseArgs } from 'node:util';
import { batchByLength } from './batch-by-length.ts';
import { createStepStreams } from './step-streams.ts';

// The peer: Fastify and onnxruntime-node, as one who knows both would serve the same files. One thread a session, since a second
// one costs processor time and gains nothing while another process uses the other core; replies written by compiled
// schemas; bodies not validated. POST /<model>/<task>, where the model is a file of the folder.

const { values: options } = parseArgs({
  options: { folder: { type: 'string' }, port: { type: 'string' }, models: { type: 'string' } },
});
const session = (name: string): Promise<InferenceSession> =>
  InferenceSession.create(`${options.folder}/${name}.onnx`, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });

interface TokensBody {
  readonly tokens: readonly number[];
}

const app = Fastify({ bodyLimit: 8 << 20 });
app.get('/ready', () => ({ ready: true }));
for (const model of options.models!.split(',')) {
  const [name, task] = model.split(':') as [string, 'classify' | 'tag' | 'generate'];
  const loaded = await session(name);
  if (task === 'generate') addGenerate(name, loaded);
  else if (task === 'classify') addClassify(name, loaded);
  else addTag(name, loaded);
}
await app.listen({ port: Number(options.port), host: '127.0.0.1' });

function addClassify(name: string, loaded: InferenceSession): void {
  const run = batchByLength(loaded, 'p');
  const reply = { type: 'object', properties: { label: { type: 'integer' }, score: { type: 'number' } } };
  app.post(`/${name}/classify`, { schema: { response: { 200: reply } } }, async (request) => {
    const p = await run((request.body as TokensBody).tokens);
    const label = best(p, 0, p.length);
    return { label, score: p[label]! };
  });
}

function addTag(name: string, loaded: InferenceSession): void {
  const run = batchByLength(loaded, 'logp');
  const reply = {
    type: 'object',
    properties: {
      tags: { type: 'array', items: { type: 'integer' } },
      scores: { type: 'array', items: { type: 'number' } },
    },
  };
  app.post(`/${name}/tag`, { schema: { response: { 200: reply } } }, async (request) => {
    const { tokens } = request.body as TokensBody;
    const logp = await run(tokens);
    const labels = logp.length / tokens.length;
    const tags = tokens.map((_, t) => best(logp, t * labels, labels));
    return { tags, scores: tags.map((tag, t) => logp[t * labels + tag]!) };
  });
}

function addGenerate(name: string, loaded: InferenceSession): void {
  const streams = createStepStreams(loaded, ({ data, dims }, row) => {
    const vocabulary = dims[1]!;
    return best(data as Float32Array, row * vocabulary, vocabulary);
  });
  app.post(`/${name}/generate`, (request, reply) => {
    const { token, max_tokens: maxTokens } = request.body as { token: number; max_tokens: number };
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    streams.add({
      token,
      left: maxTokens,
      send: (text) => reply.raw.write(`data: ${text}\n\n`),
      end: () => reply.raw.end(),
      closed: () => reply.raw.destroyed,
    });
  });
}

/** The place of the largest of `count` values from `from`, counted from there. */
function best(values: Float32Array, from: number, count: number): number {
  let place = 0;
  for (let k = 1; k < count; k++) if (values[from + k]! > values[from + place]!) place = k;
  return place;
}
