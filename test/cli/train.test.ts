import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { trainCommand } from '../../src/cli/train.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-train-test-'));
const models = join(folder, 'models');
afterAll(() => rmSync(folder, { recursive: true }));

const texts = Array.from({ length: 32 }, (_, i) => 'ab'[i % 2]! + 'abba'.slice(i % 4));
const records = (right: boolean): object[] =>
  texts.map((text) => ({ text, label: text.startsWith('a') === right ? 'x' : 'y' }));

/** Trains without a server. @returns what is printed */
async function train(name: string, right: boolean, more: object = {}): Promise<string> {
  const config = join(folder, `${name}.json`);
  const job = {
    model: 'letters',
    task: 'classify',
    network: {
      layers: [
        { type: 'embedding', units: 4 },
        { type: 'recurrent', cell: 'gru', units: 6 },
        { type: 'dense' },
      ],
    },
    data: { records: records(right) },
    validation: { records: records(true) },
    hyperparameters: { learning_rate: 0.05, batch_size: 16 },
    budget: { epochs: right ? 20 : 1 },
    ...more,
  };
  writeFileSync(config, JSON.stringify(job));
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  try {
    expect(await trainCommand(config, { models, work: null, threads: 1, memoryMegabytes: 256 })).toBe(0);
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

it('takes the traffic of a model that exists only with a better version, or where the job says so', async () => {
  expect(await train('first', true)).toMatch(/published letters@1 .*it is the first version of the model/);
  expect(await train('worse', false)).toMatch(
    /not published: it is not better: validation_accuracy [.\d]+, of letters@1 1;/,
  );
  expect(existsSync(join(models, 'letters', '2'))).toBe(false);
  expect(await train('never', true, { publish: 'never' })).toContain('not published: publish is never');
  expect(await train('always', false, { publish: 'always' })).toContain('published letters@2');
}, 120_000);
