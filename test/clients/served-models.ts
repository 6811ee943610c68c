import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { modelFolder, type ModelFolder } from '../e2e/model-folder.ts';

/** A model of each task: small random ones, and a trained encoder-decoder. */
export function servedModels(): ModelFolder {
  const folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers']);
  cpSync(join(import.meta.dirname, '../../models/names'), join(folder.path, 'names'), { recursive: true });
  return folder;
}

export const settings = {
  WORKERS: 1,
  MAX_TOKENS: 1_000_000,
  MAX_STEPS: 1_000_000,
  PING_MS: 50,
  // clients that wait for a busy machine are not what is tested
  MAX_EVENT_LOOP_DELAY_MS: 0,
};

/** A request of each task that has a stream, and how many events come before `done`. */
export const taskRequests = [
  ['classify', 'classifier', { input: 'a😀กb', top_k: 2 }, 4],
  ['tag', 'tagger', { input: 'a😀ก' }, 3],
  ['generate', 'writer', { prompt: 'The ', max_tokens: 30, temperature: 3, seed: 8, logprobs: 2 }, 30],
  ['predict', 'numbers', { input: [[1, 2], [3, 4.5]], include: ['hidden'] as 'hidden'[] }, 2], // prettier-ignore
  ['decode', 'names', { input: 'female', beam_size: 1 }, null],
] as const;

/** A job that succeeds after some seconds at most. */
export const trainingJob = (model: string, data: object) => ({
  model,
  task: 'classify' as const,
  network: {
    layers: [
      { type: 'embedding' as const, units: 4 },
      { type: 'recurrent' as const, cell: 'gru', units: 6 },
      { type: 'dense' as const },
    ],
  },
  data: data as { dataset: string },
  validation: { share: 0 },
  hyperparameters: { learning_rate: 0.01, batch_size: 2 },
  budget: { epochs: 20 },
  seed: 1,
});

export const records = [
  { text: 'good morning', label: 'greeting' },
  { text: 'héllo 😀', label: 'greeting' },
  { text: 'many thanks', label: 'thanks' },
  { text: 'thank you', label: 'thanks' },
];
export const jsonLines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
