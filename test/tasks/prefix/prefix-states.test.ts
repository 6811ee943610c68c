import { afterEach, expect, test } from 'vitest';
import type { DoneEvent } from '../../../src/engine/delivery.ts';
import type { Engine, NetworkHandle } from '../../../src/engine/engine-interface.ts';
import { createPrefixStates } from '../../../src/tasks/prefix/prefix-states.ts';
import { submitSequence } from '../../../src/tasks/submit-sequence.ts';
import {
  causal,
  expectReconciled,
  generating,
  loadNetwork,
  request,
  someIds,
  startEngine,
} from '../../engine/served-networks.ts';

// Texts that begin alike, on a real engine: the bits are those of the whole.

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

const key = { weightsHash: 'w', owner: 'me' };
const beginning = someIds(100, 1);
const text = (ending: number): Int32Array =>
  Int32Array.from([...beginning, ...someIds(10 + ending, 50 + ending)]);

async function read(
  handle: NetworkHandle,
  input: Int32Array,
  prefixes: ReturnType<typeof createPrefixStates> | null,
  { generates = false, owner = 'me' } = {},
): Promise<{ values: number[]; text: string; end: DoneEvent }> {
  const values: number[] = [];
  let written = '';
  const own = request(handle, { input, ...(generates && { generation: generating({ maxTokens: 20 }) }) });
  const call = { prefix: { ...key, owner } };
  for await (const event of submitSequence({ engine, prefixes }, call, own)) {
    if (event.kind === 'outputs') values.push(...event.values);
    else if (event.kind === 'token') written += event.text;
    else if (event.kind === 'done') return { values, text: written, end: event };
  }
  throw new Error('no end');
}

test.for([false, true])(
  'gives the same bits with shared beginnings and without (generating: %s)',
  async (generates) => {
    engine = startEngine();
    const handle = await loadNetwork(engine, causal);
    const prefixes = createPrefixStates(1 << 20);
    const reused: number[] = [];
    for (const ending of [1, 2, 3, 3, 1, 4]) {
      const alone = await read(handle, text(ending), null, { generates });
      const found = await read(handle, text(ending), prefixes, { generates });
      expect(found.values).toEqual(alone.values);
      expect(found.text).toBe(alone.text);
      expect(found.end.steps + (found.end.reusedSteps ?? 0)).toBe(alone.end.steps);
      reused.push(found.end.reusedSteps ?? 0);
    }
    // the first two find nothing; the second keeps the state where they part
    expect(reused.slice(0, 2)).toEqual([0, 0]);
    for (const steps of reused.slice(2)) expect(steps).toBeGreaterThanOrEqual(100);
    expect(prefixes.counts).toMatchObject({ hits: 4, misses: 2 });
  },
);

test('goes on from what was generated, as a conversation does', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const prefixes = createPrefixStates(1 << 20);
  const first = await read(handle, text(1), prefixes, { generates: true });
  const ids = Array.from(first.text, (letter) => letter.charCodeAt(0) - 97);
  const next = Int32Array.from([...text(1), ...ids, ...someIds(5, 9)]);
  const alone = await read(handle, next, null, { generates: true });
  const second = await read(handle, next, prefixes, { generates: true });
  expect(second.text).toBe(alone.text);
  expect(second.end.reusedSteps).toBe(text(1).length + ids.length - 1);
});

test('callers have nothing from one another', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const prefixes = createPrefixStates(1 << 20);
  for (const ending of [1, 2, 3]) await read(handle, text(ending), prefixes);
  expect((await read(handle, text(3), prefixes, { owner: 'you' })).end.reusedSteps).toBe(0);
});

test('keeps no more bytes than it may', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const prefixes = createPrefixStates(10_000);
  for (let seed = 0; seed < 40; seed++) {
    await read(handle, someIds(60, seed), prefixes, { owner: `caller ${seed % 3}` });
    expect(prefixes.counts.bytes).toBeLessThanOrEqual(10_000);
  }
});
