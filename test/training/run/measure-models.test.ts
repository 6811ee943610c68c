import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointFolder } from '../../../src/training/run/checkpoint.ts';
import { measureModels } from '../../../src/training/run/measure-models.ts';
import { runTraining } from '../../../src/training/run/run.ts';
import type { DataFile, RunMessage } from '../../../src/training/run/run-messages.ts';
import { trainingSpec, type TrainingSpec } from '../../../src/training/training-spec.ts';

const root = mkdtempSync(join(tmpdir(), 'unroll-measure-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const layers = [
  { type: 'embedding', units: 6 },
  { type: 'recurrent', cell: 'gru', units: 8 },
  { type: 'dense' },
];
const texts = ['aabab', 'abbb', 'baab', 'bbab', 'abab', 'aaab', 'babb', 'bbbb', 'aaaa', 'abba'];
const classifyRecords = texts.map((text) => ({ text, label: text.startsWith('a') ? 'x' : 'y' }));
let count = 0;

function writeRecords(records: readonly object[]): DataFile {
  const path = join(root, `${++count}.jsonl`);
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return { path, format: 'jsonl' };
}

/** Trains to the end. @returns the metrics of every checkpoint, and its folder */
async function train(spec: TrainingSpec, data: DataFile, validation: DataFile | null) {
  const folder = join(root, `run-${++count}`);
  mkdirSync(join(folder, 'checkpoints'), { recursive: true });
  const messages: RunMessage[] = [];
  const send = (message: RunMessage): void => void messages.push(message);
  const request = {
    spec,
    data,
    validation,
    base: null,
    folder,
    resume: null,
    threads: 1,
    memoryMegabytes: 64,
  };
  await runTraining(request, { send, command: () => null });
  return messages.flatMap((one) =>
    one.kind === 'checkpoint' ? [{ metrics: one.metrics, folder: checkpointFolder(folder, one.step) }] : [],
  );
}

const classify = (more: object = {}): TrainingSpec =>
  trainingSpec.parse({
    model: 'm',
    task: 'classify',
    network: { layers },
    data: { dataset: 'd' },
    hyperparameters: { learning_rate: 0.02, batch_size: 4 },
    budget: { epochs: 3 },
    ...more,
  });

describe('two models, measured on the same validation data', () => {
  it.each([
    ['its own share', { validation: { share: 0.4 } }, false],
    ['other records', { validation: { dataset: 'v' } }, true],
  ] as const)('have the metrics that their job reported of %s', async (_, more, separate) => {
    const spec = classify(more);
    const data = writeRecords(classifyRecords);
    const validation = separate ? writeRecords(classifyRecords.slice(0, 5)) : null;
    const [first, , last] = await train(spec, data, validation);
    const request = {
      spec,
      data,
      validation,
      memoryMegabytes: 64,
      next: last!.folder,
      current: first!.folder,
    };
    const { next, current, metric, lowerIsBetter } = await measureModels(request);
    expect([metric, lowerIsBetter]).toEqual(['validation_accuracy', false]);
    for (const [measured, { metrics }] of [
      [next, last!],
      [current, first!],
    ] as const)
      expect(measured).toEqual({ score: metrics['validation_accuracy'], loss: metrics['validation_loss'] });
  });

  it('each read it with their own vocabulary', async () => {
    const spec = classify({ validation: { dataset: 'v' } });
    const validation = writeRecords(classifyRecords.slice(0, 5));
    const data = writeRecords(classifyRecords);
    const [mine] = await train(spec, data, validation);
    const other = classifyRecords.map(({ text, label }) => ({ text: `zq${text}`, label }));
    const [theirs] = await train(spec, writeRecords(other), validation);
    const request = {
      spec,
      data,
      validation,
      memoryMegabytes: 64,
      next: mine!.folder,
      current: theirs!.folder,
    };
    expect((await measureModels(request)).current.loss).toBe(theirs!.metrics['validation_loss']);
  });

  it('are compared by the error in the units of the data for predict', async () => {
    const records = Array.from({ length: 12 }, (_, i) => ({ values: [[i], [i + 1]], target: 100 * i }));
    const spec = trainingSpec.parse({
      model: 'm',
      task: 'predict',
      network: { layers: [{ type: 'recurrent', cell: 'gru', units: 4 }, { type: 'dense' }] },
      data: { dataset: 'd' },
      validation: { share: 0.3 },
      budget: { epochs: 2 },
    });
    const data = writeRecords(records);
    const [first, second] = await train(spec, data, null);
    const request = { spec, data, validation: null, memoryMegabytes: 64 };
    const measured = await measureModels({ ...request, next: second!.folder, current: first!.folder });
    expect(measured).toMatchObject({
      metric: 'validation_rmse',
      lowerIsBetter: true,
      next: { score: second!.metrics['validation_rmse'] },
      current: { score: first!.metrics['validation_rmse'] },
    });
  });

  it('are not compared by a loss over other tokens', async () => {
    const generate = trainingSpec.parse({
      model: 'm',
      task: 'generate',
      network: { layers },
      data: { dataset: 'd' },
      validation: { dataset: 'v' },
      budget: { epochs: 1 },
    });
    const validation = writeRecords([{ text: 'abab' }]);
    const data = writeRecords(texts.map((text) => ({ text })));
    const [mine] = await train(generate, data, validation);
    const [theirs] = await train(
      generate,
      writeRecords(texts.map((text) => ({ text: `${text}q` }))),
      validation,
    );
    const request = { spec: generate, data, validation, memoryMegabytes: 64, next: mine!.folder };
    await expect(measureModels({ ...request, current: theirs!.folder })).rejects.toThrow(
      'its vocabulary differs',
    );
    expect((await measureModels({ ...request, current: mine!.folder })).metric).toBe('validation_loss');
  });

  it('are refused without validation data, or where one cannot be read', async () => {
    const spec = classify({ validation: { share: 0 } });
    const data = writeRecords(classifyRecords);
    const [one] = await train(spec, data, null);
    const request = { data, validation: null, memoryMegabytes: 64, next: one!.folder, current: one!.folder };
    await expect(measureModels({ ...request, spec })).rejects.toThrow('the job has no validation data');
    const broken = join(root, 'broken');
    cpSync(one!.folder, broken, { recursive: true });
    const json = JSON.parse(readFileSync(join(broken, 'model.json'), 'utf8')) as object;
    writeFileSync(join(broken, 'model.json'), JSON.stringify({ ...json, task: 'sing' }));
    const shared = classify({ validation: { share: 0.4 } });
    await expect(measureModels({ ...request, spec: shared, current: broken })).rejects.toThrow('model.json');
  });
});
