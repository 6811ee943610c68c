import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecodeReply } from '../../src/http/v1/json/decode.ts';
import { readEvents } from './events.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// An encoder-decoder with attention that is really trained, over HTTP.

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(join(import.meta.dirname, '../../models'), { WORKERS: 1 });
});
afterAll(() => server.stop());

const path = '/v1/models/pronounce/decode';
const ask = async (body: object): Promise<DecodeReply> => server.ask<DecodeReply>(path, body);
const outputs = async (body: object) => (await ask(body)).predictions[0]!.hypotheses;
const decodeTexts = async (body: object): Promise<string[]> => (await outputs(body)).map(({ text }) => text);
const greedy = { input: 'recurrent', beam_size: 1 };

describe('decode over HTTP', () => {
  it('gives each source the same output alone and among concurrent requests', async () => {
    const words = ['recurrent', 'a', 'pneumonia', 'gate'];
    const alone = await Promise.all(words.map(async (input) => outputs({ input, beam_size: 3 })));
    const { predictions, usage } = await ask({ input: words, beam_size: 3 });
    expect(predictions.map(({ hypotheses }) => hypotheses)).toEqual(alone);
    expect(usage.steps).toBeGreaterThan(words.join('').length);
  });

  it('ranks the hypotheses of a beam, and the best is no worse than the greedy one', async () => {
    const [first] = await outputs(greedy);
    const beam = await outputs({ input: 'recurrent', beam_size: 5, num_hypotheses: 5 });
    const scores = beam.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(new Set(beam.map(({ text }) => text)).size).toBe(5);
    expect(scores[0]).toBeGreaterThanOrEqual(first!.score - 1e-9);
  });

  it('returns the attention and log probability of each token', async () => {
    const { predictions } = await ask({ ...greedy, return_attention: true, logprobs: true });
    const { source_tokens: source, hypotheses } = predictions[0]!;
    const { tokens, attention, logprobs, score } = hypotheses[0]!;
    expect(source).toEqual([...'recurrent']);
    expect(attention).toHaveLength(tokens.length + 1);
    for (const row of attention!) {
      expect(row).toHaveLength(9);
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    }
    expect(logprobs!.reduce((sum, logprob) => sum + logprob, 0)).toBeCloseTo(score, 5);
  });

  it('respects the prefix, the lengths, suppressed tokens and no repeated n-grams', async () => {
    const prefixed = await outputs({ input: 'recurrent', beam_size: 4, prefix: ['AH', 'B'] });
    expect(prefixed[0]!.tokens.slice(0, 2)).toEqual(['AH', 'B']);
    const [short] = await outputs({ ...greedy, max_length: 3 });
    expect(short).toMatchObject({ finish_reason: 'length', tokens: { length: 3 } });
    const [long] = await outputs({ ...greedy, min_length: 14 });
    expect(long!.tokens.length).toBeGreaterThanOrEqual(14);
    const [plain] = await outputs(greedy);
    const suppress = [plain!.tokens[0]!];
    for (const { tokens } of await outputs({ input: 'recurrent', beam_size: 3, num_hypotheses: 3, suppress }))
      expect(tokens).not.toContain(suppress[0]);
    const [once] = await outputs({ ...greedy, min_length: 20, max_length: 20, no_repeat_ngram_size: 1 });
    expect(new Set(once!.tokens).size).toBe(20);
  });

  it('draws by the seed, several outputs of one source', async () => {
    const drawing = { input: 'recurrent', temperature: 1.5, n: 4, seed: 11 };
    const drawn = await decodeTexts(drawing);
    expect(drawn).toHaveLength(4);
    expect(new Set(drawn).size).toBeGreaterThan(1);
    expect(await decodeTexts(drawing)).toEqual(drawn);
    expect(await decodeTexts({ ...drawing, seed: 12 })).not.toEqual(drawn);
  });

  it.each([
    ['greedy', { beam_size: 1 }],
    ['drawn', { temperature: 1, seed: 5 }],
    ['a beam', { beam_size: 5 }],
  ])('streams the tokens of the answer in order: %s', async (_, how) => {
    const plain = await ask({ input: 'recurrent', ...how });
    const { events } = await readEvents(
      await server.post(path, { input: 'recurrent', ...how, stream: true }),
    );
    const streamed = events.filter(({ event }) => event === 'token').map(({ data }) => data['text']);
    expect(streamed.join('')).toBe(plain.predictions[0]!.hypotheses[0]!.text);
    const last = events.at(-1)!;
    expect(last.event).toBe('done');
    expect(last.data['predictions']).toEqual(plain.predictions);
  });

  it.each([
    ['a beam that draws', { beam_size: 3, temperature: 1 }, 400, 'invalid_request', 'temperature'],
    [
      'more hypotheses than beams',
      { beam_size: 2, num_hypotheses: 3 },
      400,
      'invalid_request',
      'num_hypotheses',
    ],
    ['a beam past the limit', { beam_size: 1000 }, 400, 'invalid_request', 'beam_size'],
    ['a prefix it cannot write', { prefix: ['XYZ'] }, 422, 'input_mismatch', 'prefix'],
    ['an empty source', { input: '' }, 422, 'empty_input', 'input'],
    ['a setting that is not there', { beams: 3 }, 400, 'invalid_request', 'beams'],
  ])('refuses %s, naming the field', async (_, more, status, code, field) => {
    const reply = await server.post(path, { input: 'a', ...more });
    expect(reply.status).toBe(status);
    expect(await reply.json()).toMatchObject({ code, field });
  });

  it('decodes a source several times from one reading, in a session and after a move', async () => {
    const { id } = await server.ask<{ id: string }>('/v1/sessions', { model: 'pronounce' });
    const steps = (session: string, body: object) =>
      server.ask<DecodeReply>(`/v1/sessions/${session}/steps`, body);
    const first = await steps(id, { input: 'recurrent', decode: { beam_size: 1 } });
    expect(first.predictions[0]!.hypotheses).toEqual(await outputs(greedy));
    for (const more of [
      { beam_size: 5, num_hypotheses: 3 },
      { beam_size: 1, prefix: ['AH'] },
    ]) {
      const again = await steps(id, { decode: more });
      expect(again.predictions[0]!.hypotheses).toEqual(await outputs({ input: 'recurrent', ...more }));
      expect(again.usage.steps).toBeLessThan(first.usage.steps);
    }
    const snapshot = await (await server.get(`/v1/sessions/${id}/snapshot`)).arrayBuffer();
    const moved = await server.ask<{ id: string }>('/v1/sessions', {
      model: 'pronounce',
      snapshot: Buffer.from(snapshot).toString('base64'),
    });
    const { data } = await server.ask<{ data: { id: string }[] }>(`/v1/sessions/${id}/fork`, { count: 2 });
    for (const session of [moved.id, ...data.map((fork) => fork.id)])
      expect((await steps(session, { decode: { beam_size: 1 } })).predictions[0]!.hypotheses).toEqual(
        await outputs(greedy),
      );
    const other = await steps(id, { input: 'gate', decode: { beam_size: 1 } });
    expect(other.predictions[0]!.hypotheses).toEqual(await outputs({ input: 'gate', beam_size: 1 }));
  });

  it('says what is missing where no source has been read', async () => {
    const { id } = await server.ask<{ id: string }>('/v1/sessions', { model: 'pronounce' });
    const reply = await server.post(`/v1/sessions/${id}/steps`, { decode: {} });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ detail: 'input: required, since no source has been read' });
  });
});
