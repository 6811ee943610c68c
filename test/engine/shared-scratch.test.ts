import { createHash } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import type { Engine, NetworkHandle } from '../../src/engine/engine-interface.ts';
import { roundUp } from '../../src/engine/placement.ts';
import { ids, randomWeights } from '../network/random-network.ts';
import {
  bidirectional,
  causal,
  kernel,
  request,
  someIds,
  startEngine,
  tokens,
  vocabulary,
} from './served-networks.ts';

let engine: Engine;
afterEach(() => engine.close());

/** A hash of the bits of all outputs. */
async function outputs(network: NetworkHandle, seed: number): Promise<string> {
  const input = someIds(40 + (seed % 50), seed);
  const hash = createHash('sha256');
  for await (const event of engine.submit(request(network, { input, steps: 'every' })))
    if (event.kind === 'outputs') hash.update(new Uint8Array(event.values.slice().buffer));
  return hash.digest('hex');
}
const specs = [causal, causal, bidirectional, bidirectional];
const load = (spec: (typeof specs)[number], seed: number): Promise<NetworkHandle> =>
  engine.load(spec, randomWeights(spec, ids(vocabulary), seed), { tokens });
const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

it('networks whose scratch is shared give the bits that each gives alone', async () => {
  engine = startEngine({ maxSteps: 400 });
  const alone: string[][] = [];
  for (const [index, spec] of specs.entries()) {
    const network = await load(spec, index + 1);
    alone.push(await Promise.all(seeds.map((seed) => outputs(network, seed))));
    await engine.unload(network);
  }
  const networks = await Promise.all(specs.map((spec, index) => load(spec, index + 1)));
  const together = await Promise.all(
    networks.map((network) => Promise.all(seeds.map((seed) => outputs(network, seed)))),
  );
  expect(together).toEqual(alone);
  expect(new Set(alone.flat()).size).toBe(specs.length * seeds.length);
});

it('a further network of a size takes memory for its weights and states only, and gives it back', async () => {
  engine = startEngine({ maxSteps: 400 });
  const before = kernel.memory.used;
  const first = await load(causal, 1);
  const one = kernel.memory.used - before;
  const second = await load(causal, 2);
  const two = kernel.memory.used - before - one;
  expect(two).toBeLessThan(one / 4);
  await engine.unload(first);
  expect(await outputs(second, 1)).toMatch(/^[0-9a-f]{64}$/);
  expect(kernel.memory.used - before).toBe(one);
  await engine.unload(second);
  expect(kernel.memory.used).toBe(before);
});

it.each([
  [1, 65_536],
  [65_536, 65_536],
  [65_537, 81_920],
  [100_000, 114_688],
  [131_072, 131_072],
  [1_000_000, 1_048_576],
])('scratch of %i bytes has a size of %i', (bytes, size) => {
  expect(roundUp(bytes)).toBe(size);
});
