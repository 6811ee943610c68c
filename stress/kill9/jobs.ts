import type { Random } from '../random.ts';

// Training jobs of about a second, in a few kinds. The weights of a kind are always the same.

const records = Array.from({ length: 24 }, (_, i) => ({
  text: `${['good', 'bad', 'fair'][i % 3]} ${['day', 'night', 'morning', 'evening'][i % 4]} ${i}`,
  label: ['a', 'b', 'c'][i % 3],
}));

const layers = [
  [{ type: 'embedding', units: 8 }, { type: 'recurrent', cell: 'gru', units: 12 }, { type: 'dense' }],
  [{ type: 'embedding', units: 6 }, { type: 'recurrent', cell: 'lstm', units: 16 }, { type: 'dense' }],
  [
    { type: 'embedding', units: 8 },
    { type: 'recurrent', cell: 'rnn', units: 20, bidirectional: true },
    { type: 'pool', mode: 'mean' },
    { type: 'dense' },
  ],
];

export const kinds = layers.map((_, kind) => kind);

export const jobSpec = (kind: number, model: string): object => ({
  model,
  task: 'classify',
  network: { layers: layers[kind] },
  data: { records },
  validation: { share: 0.25 },
  hyperparameters: { batch_size: 6, learning_rate: 0.003, checkpoint_every: 100, evaluate_every: 100 },
  budget: { steps: 1200 },
  seed: kind,
});

/** A job that was requested. */
export interface RequestedJob {
  readonly model: string;
  readonly kind: number;
  readonly round: number;
  /** Null if the server was killed before it replied: the job may or may not exist. */
  id: string | null;
}

export function nextJob(random: Random, round: number, number: number): RequestedJob {
  return { model: `made-${number}`, kind: random.pick(kinds), round, id: null };
}
