import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from './events.ts';
import { modelFolder, models } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

type Values = number[][] | number[] | string;
interface Layer {
  layer: string;
  direction: string;
  shape: number[];
  hidden?: Values;
  cell?: Values;
  gates?: Record<string, Values>;
}
interface Sequence {
  inside?: Layer[];
  prompt_steps?: number;
  tokens?: unknown;
  text?: string;
}
interface Reply {
  usage: { steps: number };
  predictions?: Sequence[];
  generations?: Sequence[];
}

const maxReplyBytes = 400_000;
const folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers', 'total']);
folder.write('plain', 1, {
  ...models.classifier,
  network: {
    layers: [
      models.classifier.network.layers[0],
      { type: 'recurrent', cell: 'rnn', units: 6, name: 'body' },
      { type: 'pool', mode: 'mean' },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
});
folder.write('mixed', 1, {
  ...models.tagger,
  network: {
    layers: [
      models.tagger.network.layers[0],
      { type: 'recurrent', cell: 'lstm', units: 8, layers: 2, name: 'lower' },
      { type: 'recurrent', cell: 'gru', units: 5, name: 'upper' },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
});
folder.write('convolution', 1, {
  ...models.tagger,
  network: {
    layers: [
      models.tagger.network.layers[0],
      { type: 'conv1d', units: 4, kernel: 3, padding: 'causal' },
      { type: 'dense', units: 3, activation: 'softmax' },
    ],
  },
});

folder.write('chain', 1, {
  ...models.tagger,
  network: {
    layers: [
      models.tagger.network.layers[0],
      { type: 'recurrent', cell: 'cifg', units: 9 },
      { type: 'dense', units: 3 },
      { type: 'crf' },
    ],
  },
});

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { WORKERS: 2, SLOTS: 4, MAX_REPLY_BYTES: maxReplyBytes });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const ask = (path: string, body: object): Promise<Reply> => server.ask<Reply>(`/v1/models/${path}`, body);
const all = { include: ['hidden', 'cell', 'gates'] };
const sequences = ({ predictions, generations }: Reply): Sequence[] => predictions ?? generations!;
const withoutInside = (reply: Reply): object[] =>
  sequences(reply).map((sequence) => {
    const rest = { ...sequence };
    delete rest.inside;
    delete rest.prompt_steps;
    return rest;
  });
/** Every array of a layer by name. */
const columns = ({ hidden, cell, gates }: Layer): Record<string, Values> => ({
  ...(hidden !== undefined && { hidden }),
  ...(cell !== undefined && { cell }),
  ...gates,
});
const text = 'the quick brown fox';

describe('include', () => {
  it.each([
    ['classifier/classify', { input: [text, 'a', 'Zz'] }, ['hidden', 'gates']],
    ['plain/classify', { input: [text, 'a'] }, ['hidden']],
    ['tagger/tag', { input: [text, 'ab'] }, all.include],
    ['mixed/tag', { input: [text, 'ab'] }, all.include],
    ['numbers/predict', { input: [[1, 2], [3, 4], [5, 6]] }, ['hidden']], // prettier-ignore
    ['total/predict', { input: [[[1], [2]], [[3]]] }, ['hidden', 'gates']], // prettier-ignore
    ['writer/generate', { prompt: ['The ', 'x'], max_tokens: 12, seed: 4, n: 2, logprobs: 1 }, all.include],
  ] as const)('changes nothing else that %s gives, alone and among others', async (path, body, include) => {
    const plain = await ask(path, body);
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, i) => ask(path, i % 2 === 0 ? { ...body, include } : body)),
    );
    for (const reply of replies) expect(withoutInside(reply)).toEqual(withoutInside(plain));
    for (const [i, reply] of replies.entries()) {
      expect(reply).toMatchObject({ usage: { steps: plain.usage.steps } });
      for (const sequence of sequences(reply)) expect('inside' in sequence).toBe(i % 2 === 0);
      expect(sequences(reply)).toEqual(sequences(replies[i % 2]!));
    }
    const steps = sequences(replies[0]!).reduce((sum, { inside }) => sum + inside![0]!.shape[0]!, 0);
    expect(steps).toBe(plain.usage.steps);
  });

  it('gives h, c and gates of each layer, those that it has, a row for each step', async () => {
    const [{ inside }] = (await ask('mixed/tag', { input: text, ...all })).predictions as [Sequence];
    expect(inside!.map(({ layer, direction, shape }) => [layer, direction, shape])).toEqual([
      ['lower.0', 'forward', [text.length, 8]],
      ['lower.1', 'forward', [text.length, 8]],
      ['upper', 'forward', [text.length, 5]],
    ]);
    expect(inside!.map((layer) => Object.keys(columns(layer)))).toEqual([
      ['hidden', 'cell', 'input', 'forget', 'candidate', 'output'],
      ['hidden', 'cell', 'input', 'forget', 'candidate', 'output'],
      ['hidden', 'reset', 'update', 'candidate'],
    ]);
    for (const layer of inside!)
      for (const values of Object.values(columns(layer)) as number[][][]) {
        expect(values).toHaveLength(text.length);
        for (const row of values) expect(row).toHaveLength(layer.shape[1]!);
      }
  });

  it('gives both directions of a bidirectional layer in the order of the sequence', async () => {
    const inside = async (input: string): Promise<Layer[]> =>
      (await ask('tagger/tag', { input, ...all })).predictions![0]!.inside!;
    const [forward, backward] = await inside(text);
    expect([forward!.direction, backward!.direction]).toEqual(['forward', 'backward']);
    // what is read before a step does not depend on what is read after it
    const [begun] = await inside(text.slice(0, 4));
    const [, ended] = await inside(text.slice(-4));
    expect(begun!.hidden).toEqual((forward!.hidden as number[][]).slice(0, 4));
    expect(ended!.hidden).toEqual((backward!.hidden as number[][]).slice(-4));
  });

  it('gives the last hidden row that embed gives', async () => {
    const { embeddings } = await server.ask<{ embeddings: number[][] }>('/v1/models/classifier/embed', {
      input: text,
    });
    const reply = await ask('classifier/classify', { input: text, include: ['hidden'] });
    expect((reply.predictions![0]!.inside![0]!.hidden as number[][]).at(-1)).toEqual(embeddings[0]);
  });

  it('gives chosen units of chosen layers, as numbers or as float32 in base64', async () => {
    const chosen = { input: text, ...all, include_layers: ['lower.1'], include_units: [7, 0] };
    const [full] = (await ask('mixed/tag', { input: text, ...all })).predictions as [Sequence];
    const [numbers] = (await ask('mixed/tag', chosen)).predictions as [Sequence];
    const [packed] = (await ask('mixed/tag', { ...chosen, include_format: 'base64' })).predictions as [
      Sequence,
    ];
    expect(numbers.inside).toHaveLength(1);
    const expected = Object.entries(columns(full.inside![1]!));
    expect(expected).toHaveLength(6);
    for (const [name, rows] of expected) {
      const picked = (rows as number[][]).map((row) => [row[7]!, row[0]!]);
      expect(columns(numbers.inside![0]!)[name]).toEqual(picked);
      const bytes = Buffer.from(columns(packed.inside![0]!)[name] as string, 'base64');
      expect(bytes).toHaveLength(text.length * 2 * 4);
      picked.flat().forEach((value, i) => expect(bytes.readFloatLE(4 * i)).toBe(Math.fround(value)));
    }
  });

  it('gives the prompt’s steps of a generation, then those of the tokens that were fed', async () => {
    const body = { prompt: 'ab', max_tokens: 9, temperature: 0, ...all };
    const reply = await ask('writer/generate', body);
    const [{ inside, prompt_steps }] = reply.generations as [Sequence];
    // the start token, a and b; the last token is not fed
    expect(prompt_steps).toBe(3);
    expect(inside![0]!.shape).toEqual([3 + 9 - 1, 48]);
    const [longer] = (await ask('writer/generate', { ...body, max_tokens: 20 })).generations as [Sequence];
    expect((longer.inside![0]!.cell as number[][]).slice(0, 11)).toEqual(inside![0]!.cell);
  });
});

describe('a stream', () => {
  const streamed = async (path: string, body: object) => {
    const reply = await server.post(`/v1/models/${path}`, { ...body, stream: true });
    return (await readEvents(reply)).events;
  };
  /** A step's values of a reply, as its event has them. */
  const stepOf = (inside: Layer[], step: number): Layer[] =>
    inside.map(({ hidden, cell, gates, ...layer }) => {
      const row = (values: Values): number[] => (values as number[][])[step]!;
      return {
        ...layer,
        shape: layer.shape.slice(1),
        ...(hidden !== undefined && { hidden: row(hidden) }),
        ...(cell !== undefined && { cell: row(cell) }),
        ...(gates && {
          gates: Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, row(values)])),
        }),
      };
    });

  it.each([
    ['classifier/classify', text, ['hidden', 'gates']],
    ['mixed/tag', text, all.include],
    ['tagger/tag', text, all.include],
    ['chain/tag', text, all.include],
    ['total/predict', [1, 2, 3, 4], ['hidden', 'gates']],
  ] as const)(
    'of %s has each step’s values in its event, and none in the last',
    async (path, input, include) => {
      const plain = await ask(path, { input, include });
      const events = await streamed(path, { input, include });
      const { inside } = plain.predictions![0]!;
      expect(events).toHaveLength(input.length + 1);
      events.slice(0, -1).forEach(({ data }, step) => expect(data['inside']).toEqual(stepOf(inside!, step)));
      expect((events.at(-1)!.data as unknown as Reply).predictions).toEqual(withoutInside(plain));
    },
  );

  it('of several texts has the values that each token was drawn from', async () => {
    const body = { prompt: ['The ', 'x'], max_tokens: 25, seed: 2, stop: ['ab', 'zzz'], ...all };
    const { generations } = await ask('writer/generate', body);
    const events = await streamed('writer/generate', body);
    const seen = [0, 0];
    for (const { data } of events.slice(0, -1)) {
      const choice = data['choice'] as number;
      const { inside, prompt_steps } = generations![choice]!;
      expect(data['inside']).toEqual(stepOf(inside!, prompt_steps! - 1 + seen[choice]!++));
    }
    expect(seen).toEqual(generations!.map(({ tokens }) => tokens));
  });

  it('may be longer than a reply', async () => {
    const input = text.repeat(40);
    expect(await server.post('/v1/models/mixed/tag', { input, ...all })).toMatchObject({ status: 422 });
    const events = await streamed('mixed/tag', { input, ...all });
    expect(events).toHaveLength(input.length + 1);
    expect(events.at(-1)!.event).toBe('done');
    expect(events.at(-2)!.data['inside']).toHaveLength(3);
  });
});

describe('what cannot be shown is refused with the reason:', () => {
  it.each([
    ['plain/classify', { include: ['gates'] }, 422, 'include_mismatch', 'include', 'include: there are no gates in body: the only gate of a plain RNN is its hidden state'], // prettier-ignore
    ['classifier/classify', { include: ['cell'] }, 422, 'include_mismatch', 'include', 'include: there is no cell state in recurrent_1: only LSTM and CIFG cells have one'], // prettier-ignore
    ['mixed/tag', { include: ['cell'], include_layers: ['upper'] }, 422, 'include_mismatch', 'include', 'include: there is no cell state in upper: only LSTM and CIFG cells have one'], // prettier-ignore
    ['convolution/tag', { include: ['hidden'] }, 422, 'include_mismatch', 'include', 'include: convolution has no recurrent layer that runs step by step on the kernel'], // prettier-ignore
    ['mixed/tag', { include: ['hidden'], include_layers: ['lower'] }, 422, 'include_mismatch', 'include_layers', 'include_layers: "lower" is not a recurrent layer of mixed, which has lower.0, lower.1, upper'], // prettier-ignore
    ['mixed/tag', { include: ['hidden'], include_units: [4, 5] }, 422, 'include_mismatch', 'include_units', 'include_units: unit 5 is not in upper, which has 5 units, from 0'], // prettier-ignore
    ['mixed/tag', { include_units: [4] }, 400, 'invalid_request', 'include_units', 'include_units: has no effect without include'], // prettier-ignore
    ['mixed/tag', { include: [], include_format: 'base64' }, 400, 'invalid_request', 'include_format', 'include_format: has no effect without include'], // prettier-ignore
  ] as const)('%s with %j', async (path, body, status, code, field, detail) => {
    for (const stream of [false, true]) {
      const reply = await server.post(`/v1/models/${path}`, { input: 'abc', ...body, stream });
      expect(reply.status).toBe(status);
      expect(await reply.json()).toMatchObject({ code, field, detail });
    }
  });

  it.each([
    [{ include: ['weights'] }, 'include[0]'],
    [{ include: 'hidden' }, 'include'],
    [{ include: ['hidden', 'hidden', 'cell', 'gates'] }, 'include'],
    [{ include: ['hidden'], include_units: [] }, 'include_units'],
    [{ include: ['hidden'], include_units: [-1] }, 'include_units[0]'],
    [{ include: ['hidden'], include_units: [0.5] }, 'include_units[0]'],
    [{ include: ['hidden'], include_units: Array(8193).fill(0) }, 'include_units'],
    [{ include: ['hidden'], include_layers: [] }, 'include_layers'],
    [{ include: ['hidden'], include_layers: [1] }, 'include_layers[0]'],
    [{ include: ['hidden'], include_format: 'hex' }, 'include_format'],
  ])('%j', async (body, field) => {
    const reply = await server.post('/v1/models/mixed/tag', { input: 'abc', ...body });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ code: 'invalid_request', field });
  });

  it('more values than a reply may have, before anything runs', async () => {
    const steps = await server.metric('unroll_steps_total');
    const input = text.repeat(20);
    const width = 2 * 6 * 8 + 4 * 5;
    const base64 = (await server.post('/v1/models/mixed/tag', { input, ...all, include_format: 'base64' }))
      .status;
    expect(base64).toBe(200);
    const before = await server.metric('unroll_steps_total');
    expect(before).toBe(steps + input.length);
    const reply = await server.post('/v1/models/mixed/tag', { input, ...all });
    expect(reply.status).toBe(422);
    const problem = (await reply.json()) as { code: string; field: string; detail: string };
    expect(problem).toMatchObject({ code: 'reply_too_large', field: 'include' });
    const given = Number(/this takes about (\d+)$/.exec(problem.detail)![1]);
    expect(problem.detail).toContain(
      `include: at most ${maxReplyBytes} bytes in a reply (UNROLL_MAX_REPLY_BYTES)`,
    );
    expect(given).toBeGreaterThan(input.length * width * 14);
    expect(await server.metric('unroll_steps_total')).toBe(before);
    // a stream holds all values where the network reads the whole sequence first, or a CRF labels it last
    const whole = { input: text.repeat(40), ...all, stream: true };
    for (const name of ['tagger', 'chain'])
      expect((await server.post(`/v1/models/${name}/tag`, whole)).status).toBe(422);
  });

  it('of a task without it, as an unknown field', async () => {
    const reply = await server.post('/v1/models/classifier/embed', { input: 'abc', include: ['hidden'] });
    expect(reply.status).toBe(400);
  });
});
