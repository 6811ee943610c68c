import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../src/engine/engine-interface.ts';
import { createLoader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import { kernel, startEngine } from '../engine/served-networks.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';
import { servedModel } from './sequence-model.ts';

// The repository with a real engine and a real loader thread.

const text = 'abcab'.repeat(40);

async function classify(engine: Engine, { network, vocabulary }: ServedModel): Promise<string> {
  const { ids: input } = vocabulary!.encode(text);
  const deadlineMs = performance.now() + 30_000;
  for await (const event of engine.submit({ network, input, steps: 'last', output: 'output', deadlineMs }))
    if (event.kind === 'outputs') return event.values.join(' ');
  throw new Error('no outputs came');
}

it('swaps models under load: every request finishes on the weights it started with', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  const engine = startEngine();
  onTestFinished(() => engine.close());
  const log = { info: () => {}, warn: () => {} };
  const repository = createRepository({
    root,
    loader: createLoader({ kernel, sizes: { workers: 2, slots: 4, maxSteps: 20_000 } }),
    engine,
    log,
    watch: false,
  });
  onTestFinished(() => repository.close());
  await repository.start();

  const answers = new Map<number, Set<string>>();
  let busy = true;
  const callers = Array.from({ length: 6 }, async () => {
    while (busy) {
      const lease = repository.acquire('tiny');
      const model = servedModel(lease.model);
      const { id } = model.network;
      const seen = answers.get(id) ?? new Set();
      answers.set(id, seen.add(await classify(engine, model)));
      lease.release();
    }
  });
  for (let round = 1; round <= 6; round++) {
    writeModel(root, 'tiny', round % 2 === 0 ? 1 : 2, { seed: round + 1 });
    await repository.rescan();
    if (round % 3 === 0) rmSync(join(root, 'tiny', '2'), { recursive: true });
  }
  await repository.rescan();
  busy = false;
  await Promise.all(callers);

  for (const seen of answers.values()) expect(seen.size).toBe(1);
  expect(new Set([...answers.values()].flatMap((seen) => [...seen])).size).toBe(answers.size);
  expect(answers.size).toBeGreaterThan(1);
  expect(repository.acquire('tiny').model.version).toBe(1);
  expect(engine.stats().networks).toBe(1);
});
