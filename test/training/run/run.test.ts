import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createRng } from '../../../src/random.ts';
import { readSafetensors } from '../../../src/formats/safetensors.ts';
import { modelSpec } from '../../../src/network/spec.ts';
import { checkModel } from '../../../src/repository/check-model.ts';
import { checkpointFolder } from '../../../src/training/run/checkpoint.ts';
import type { RunMessage, RunRequest, RunCommand } from '../../../src/training/run/run-messages.ts';
import { runTraining } from '../../../src/training/run/run.ts';
import { trainingSpec } from '../../../src/training/training-spec.ts';

// Whole training runs on tiny data, without a server or a thread.

const root = mkdtempSync(join(tmpdir(), 'unroll-run-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

type Spec = Omit<z.input<typeof trainingSpec>, 'data' | 'model'>;
interface Ran {
  readonly messages: readonly RunMessage[];
  readonly folder: string;
  readonly ended: Extract<RunMessage, { kind: 'ended' }>;
}

async function run(
  spec: Spec,
  data: string,
  more: Partial<RunRequest> & { stopAt?: number; command?: RunCommand['kind'] } = {},
): Promise<Ran> {
  const folder = more.folder ?? join(root, String(++count));
  mkdirSync(join(folder, 'checkpoints'), { recursive: true });
  const format = data.startsWith('{')
    ? 'jsonl'
    : data.includes(',') && spec.task === 'predict'
      ? 'csv'
      : 'text';
  const path = join(folder, 'data');
  writeFileSync(path, data);
  const messages: RunMessage[] = [];
  let steps = 0;
  await runTraining(
    {
      spec: trainingSpec.parse({ ...spec, model: 'made', data: { dataset: 'file' } }),
      data: { path, format },
      validation: null,
      base: null,
      folder,
      resume: null,
      threads: 1,
      memoryMegabytes: 256,
      ...more,
    },
    {
      send: (message) => void messages.push(message),
      command: () => (more.stopAt !== undefined && steps++ >= more.stopAt ? (more.command ?? 'pause') : null),
    },
  );
  return { messages, folder, ended: messages.at(-1) as Ran['ended'] };
}

const random = createRng(1);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
const lines = (number: number, make: () => object): string =>
  Array.from({ length: number }, () => `${JSON.stringify(make())}\n`).join('');
const drawWord = (length: number, letters = 'abc'): string =>
  Array.from({ length }, () => pick([...letters])).join('');
const dense = { type: 'dense' } as const;
const embedding = { type: 'embedding', units: 8 } as const;
const gru = { type: 'recurrent', name: 'cells', cell: 'gru', units: 12 } as const;

const jobs: readonly (readonly [string, Spec, string])[] = [
  [
    'classify',
    { task: 'classify', network: { layers: [embedding, gru, { type: 'pool', mode: 'max' }, dense] } },
    lines(60, () => {
      const label = pick(['x', 'y']);
      return { text: drawWord(3 + Math.floor(random.next() * 5), label === 'x' ? 'abc' : 'cde'), label };
    }),
  ],
  [
    'classify with several labels',
    { task: 'classify', outputs: { multi_label: true }, network: { layers: [embedding, gru, dense] } },
    lines(60, () => {
      const text = drawWord(4);
      return { text, labels: ['a', 'b'].filter((letter) => text.includes(letter)) };
    }),
  ],
  [
    'tag, bidirectional',
    {
      task: 'tag',
      inputs: { kind: 'text', vocabulary: 'words' },
      network: { layers: [embedding, { ...gru, bidirectional: true }, { type: 'layer_norm' }, dense] },
      hyperparameters: { class_weights: 'balanced' },
    },
    lines(50, () => {
      const tokens = Array.from({ length: 3 }, () => pick(['one', 'two', 'three']));
      return { tokens, labels: tokens.map((token) => token[0]!) };
    }),
  ],
  [
    'tag, with a crf',
    {
      task: 'tag',
      inputs: { kind: 'text', vocabulary: 'words' },
      network: { layers: [embedding, gru, dense, { type: 'crf', name: 'chain' }] },
    },
    lines(50, () => {
      const tokens = Array.from({ length: 3 }, () => pick(['one', 'two', 'three']));
      return { tokens, labels: tokens.map((token) => token[0]!) };
    }),
  ],
  [
    'decode with attention and scheduled sampling',
    {
      task: 'decode',
      network: {
        encoder: { layers: [embedding, gru] },
        layers: [
          embedding,
          { ...gru, name: 'write' },
          { type: 'attention', name: 'look', score: 'additive', units: 6 },
          { type: 'concat', inputs: ['write', 'look'] },
          dense,
        ],
      },
      hyperparameters: { scheduled_sampling: 0.3 },
    },
    lines(80, () => {
      const source = drawWord(2);
      return { source, target: source };
    }),
  ],
  [
    'generate from a stream',
    { task: 'generate', network: { layers: [embedding, gru, dense] } },
    'abcabdabe\n'.repeat(80),
  ],
  [
    'generate from a stream with overlapping windows',
    {
      task: 'generate',
      network: { layers: [embedding, gru, dense] },
      hyperparameters: { truncate: { k1: 5, k2: 15 }, batch_size: 4 },
    },
    'abcabdabe\n'.repeat(40),
  ],
  [
    'generate from records',
    { task: 'generate', network: { layers: [embedding, gru, dense] } },
    lines(50, () => ({ text: 'ababab' })),
  ],
  [
    'predict',
    { task: 'predict', network: { layers: [{ ...gru, cell: 'lstm' }, dense] } },
    lines(50, () => {
      const values = Array.from({ length: 4 }, () => [random.next()]);
      return { values, target: values.flat().reduce((sum, value) => sum + value, 0) };
    }),
  ],
  [
    'predict a series',
    {
      task: 'predict',
      series: { window: 8, horizon: 3, every_step: true },
      network: { layers: [gru, dense] },
    },
    `value\n${Array.from({ length: 120 }, (_, t) => Math.sin(t / 3)).join('\n')},`
      .replace(/,$/, '')
      .replace('value', 'value,other')
      .replaceAll(/\n([^\n]+)/g, '\n$1,1'),
  ],
];

const settings = { batch_size: 8, learning_rate: 0.01, evaluate_every: 10, checkpoint_every: 7 };
const weightsAt = ({ folder }: Ran, step: number): Buffer =>
  readFileSync(join(checkpointFolder(folder, step), 'weights.safetensors'));

describe.each(jobs)('a run: %s', (_, spec, data) => {
  const whole: Spec = {
    ...spec,
    hyperparameters: { ...settings, ...spec.hyperparameters },
    budget: { steps: 30 },
    seed: 2,
  };

  it('reduces the loss and writes a best checkpoint that can be served', async () => {
    const { messages, folder, ended } = await run(whole, data);
    expect(ended).toMatchObject({ outcome: 'succeeded', step: 30 });
    const losses = messages.flatMap((message) =>
      message.kind === 'event' && message.type === 'metrics' ? [Number(message.data['train_loss'])] : [],
    );
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(losses[0]!);
    const best = checkpointFolder(folder, ended.best!);
    const model = modelSpec.parse(JSON.parse(readFileSync(join(best, 'model.json'), 'utf8')));
    checkModel(model, readSafetensors(readFileSync(join(best, 'weights.safetensors'))));
  });

  it('is bit-identical when stopped and resumed, with one or several shards', async () => {
    for (const shards of [1, 2]) {
      const cut: Spec = { ...whole, hyperparameters: { ...whole.hyperparameters, shards } };
      const straight = await run(cut, data);
      // stopped before a step or during an evaluation
      const stopped = await run(cut, data, { stopAt: 11 + 5 * shards });
      expect(stopped.ended).toMatchObject({ outcome: 'paused' });
      const { step } = stopped.ended;
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThan(30);
      const resumed = await run(cut, data, { folder: stopped.folder, resume: step });
      expect(resumed.ended).toEqual(straight.ended);
      expect(weightsAt(resumed, 30)).toEqual(weightsAt(straight, 30));
    }
  });
});

describe('a run', () => {
  const [, spec, data] = jobs[0]!;

  it('is bit-identical with shards on one or several threads', async () => {
    const cut: Spec = { ...spec, hyperparameters: { ...settings, shards: 3 }, budget: { steps: 12 } };
    const [one, three] = [await run(cut, data, { threads: 1 }), await run(cut, data, { threads: 3 })];
    expect(weightsAt(three, 12)).toEqual(weightsAt(one, 12));
  });

  it('selects the last weights without validation data if the loss falls', async () => {
    const { ended } = await run(
      { ...spec, validation: { share: 0 }, hyperparameters: settings, budget: { steps: 30 } },
      data,
    );
    expect(ended.best).toBe(30);
  });

  it('stops early without improvement', async () => {
    const hyperparameters = { ...settings, learning_rate: 1e-9, early_stopping: { patience: 2 } };
    const { ended } = await run({ ...spec, hyperparameters, budget: { steps: 1000 } }, data);
    expect(ended.step).toBeLessThan(100);
  });

  it('reports gradient reach, gates and spectral radii', async () => {
    const { messages } = await run(
      { ...spec, hyperparameters: { ...settings, gradient_flow_every: 10 }, budget: { steps: 10 } },
      data,
    );
    const flow = messages.find((message) => message.kind === 'event' && message.type === 'gradient_flow');
    expect(flow).toMatchObject({
      data: {
        reach: expect.any(Number) as number,
        flow: { cells: expect.arrayContaining([expect.any(Number)]) as number[] },
        spectral_radius: {
          'cells.0.forward.weight_hh': [expect.any(Number), expect.any(Number), expect.any(Number)],
        },
        gates: { cells: [{ gate: 'reset' }, { gate: 'update' }, { gate: 'candidate' }] },
      },
    });
  });

  it('fails with the tensor and remedies if it diverges', async () => {
    const wild: Spec = {
      ...spec,
      task: 'predict',
      network: { layers: [{ type: 'recurrent', cell: 'rnn', activation: 'relu', units: 8 }, dense] },
      hyperparameters: { learning_rate: 1000, optimizer: { type: 'sgd' }, clip: {} },
    };
    await expect(run(wild, jobs[8]![2])).rejects.toMatchObject({
      code: 'diverged',
      message: expect.stringMatching(/^step \d+: .*(learning_rate|clip)/) as string,
    });
  });
});
