import { afterAll, describe, expect, it } from 'vitest';
import { startServer } from '../e2e/server-process.ts';

// The shipped models over both protocols: the JSON of /v1, the events of its stream, and the tensors of /v2 in JSON and in binary have
// the same float32 numbers and the same texts.

const server = await startServer('models');
afterAll(() => server.stop());

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data?: (number | string)[];
  readonly parameters?: { readonly binary_data_size: number };
}

const input = (...data: string[]) => ({ name: 'input', datatype: 'BYTES', shape: [data.length], data });

async function infer(model: string, inputs: object[], parameters: object = {}): Promise<Tensor[]> {
  return (await server.ask<{ outputs: Tensor[] }>(`/v2/models/${model}/infer`, { inputs, parameters }))
    .outputs;
}

/** The FP32 outputs of a binary reply, by name. */
async function inferBinary(model: string, inputs: object[]): Promise<Record<string, Float32Array>> {
  const reply = await server.post(`/v2/models/${model}/infer`, {
    inputs,
    parameters: { binary_data_output: true },
  });
  const bytes = Buffer.from(await reply.arrayBuffer());
  let at = Number(reply.headers.get('inference-header-content-length'));
  const { outputs } = JSON.parse(bytes.toString('utf8', 0, at)) as { outputs: Tensor[] };
  const found: Record<string, Float32Array> = {};
  for (const { name, datatype, parameters } of outputs) {
    const size = parameters!.binary_data_size;
    if (datatype === 'FP32')
      found[name] = Float32Array.from({ length: size / 4 }, (_, i) => bytes.readFloatLE(at + 4 * i));
    at += size;
  }
  expect(at).toBe(bytes.length);
  return found;
}

/** The data of a stream's last event. */
async function lastEvent(path: string, body: object): Promise<object> {
  const text = await (await server.post(path, { ...body, stream: true })).text();
  return JSON.parse(/event: done\ndata: (.*)\n\n$/.exec(text)![1]!) as object;
}

async function ask<T extends object>(path: string, body: object): Promise<T> {
  const reply = await server.ask<T>(path, body);
  const { usage: _, ...streamed } = (await lastEvent(path, body)) as { usage: object };
  const { usage, ...plain } = reply as { usage: object };
  expect(usage).toMatchObject({ unknown: 0 });
  expect(streamed).toMatchObject(plain);
  return reply;
}

interface Scored {
  readonly label: string;
  readonly score: number;
}

describe('both protocols give the same', () => {
  it('scores of language', async () => {
    const text = 'the quick brown fox';
    const path = '/v1/models/language/classify';
    const { predictions } = await ask<{ predictions: { top: Scored[] }[] }>(path, {
      input: text,
      top_k: 10_000,
    });
    const scores = predictions[0]!.top.map(({ score }) => score);
    const [label, json] = await infer('language', [input(text)]);
    expect(label!.data).toEqual([predictions[0]!.top[0]!.label]);
    expect((json!.data as number[]).toSorted((a, b) => b - a)).toEqual(scores);
    const { scores: binary } = await inferBinary('language', [input(text)]);
    expect([...binary!]).toEqual((json!.data as number[]).map(Math.fround));
  });

  it('labels and scores of brown-tagger', async () => {
    const text = 'The dog ran to the house .';
    type Reply = { predictions: { tokens: Scored[] }[] };
    const [prediction] = (await ask<Reply>('/v1/models/brown-tagger/tag', { input: text })).predictions;
    const [labels, scores] = await infer('brown-tagger', [input(text)]);
    expect(labels!.data).toEqual(prediction!.tokens.map(({ label }) => label));
    expect(scores!.data).toEqual(prediction!.tokens.map(({ score }) => score));
    const binary = await inferBinary('brown-tagger', [input(text)]);
    expect([...binary['scores']!]).toEqual((scores!.data as number[]).map(Math.fround));
  });

  it('outputs of births', async () => {
    const rows = Array.from({ length: 20 }, (_, t) =>
      Array.from({ length: 10 }, (_, k) => Math.fround(Math.sin(t + k) * (k === 0 ? 11_000 : 1))),
    );
    type Reply = { predictions: { output: number[] | number[][] }[] };
    const [prediction] = (await ask<Reply>('/v1/models/births/predict', { input: rows })).predictions;
    const tensor = { name: 'input', datatype: 'FP32', shape: [1, 20, 10], data: rows.flat() };
    const [output] = await infer('births', [tensor]);
    expect(output!.data).toEqual(prediction!.output.flat());
    const binary = await inferBinary('births', [tensor]);
    expect([...binary['output']!]).toEqual(prediction!.output.flat().map(Math.fround));
  });

  it('text of moby', async () => {
    const settings = { seed: 5, max_tokens: 40 };
    type Reply = { generations: { text: string }[] };
    const reply = await ask<Reply>('/v1/models/moby/generate', { prompt: 'Call me', ...settings });
    const [text] = await infer('moby', [input('Call me')], settings);
    expect(text!.data).toEqual([reply.generations[0]!.text]);
  });

  it.each([
    ['names', 'female', { temperature: 1, seed: 3 }],
    ['pronounce', 'hello', { beam_size: 5 }],
  ])('text of %s', async (model, source, settings) => {
    type Reply = { predictions: { hypotheses: { text: string }[] }[] };
    const reply = await ask<Reply>(`/v1/models/${model}/decode`, { input: source, ...settings });
    const [text] = await infer(model, [input(source)], settings);
    expect(text!.data).toEqual([reply.predictions[0]!.hypotheses[0]!.text]);
  });
});
