import { afterEach, expect, test } from 'vitest';
import type { Engine, NetworkHandle, SequenceRequest } from '../../src/engine/engine-interface.ts';
import type { FinalState } from '../../src/engine/channel/messages.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { network, randomSequence } from '../network/random-network.ts';
import {
  bidirectional,
  causal,
  expectReconciled,
  generating,
  loadNetwork,
  request,
  someIds,
  startEngine,
  vocabulary,
} from './served-networks.ts';

// A sequence that is cut into several, each of which starts from the last one's final state, gives the bits of
// the whole.

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

const stacked: NetworkSpec = network([
  { type: 'conv1d', units: 17, kernel: 3, padding: 'causal' },
  { type: 'recurrent', cell: 'lstm', units: 33 },
  { type: 'recurrent', cell: 'rnn', units: 3, activation: 'relu' },
  { type: 'recurrent', cell: 'gru', units: 1 },
  { type: 'dense', units: 5 },
]);
const features: NetworkInput = { kind: 'features', width: 3 };

async function run(
  handle: NetworkHandle,
  more: Partial<SequenceRequest>,
): Promise<{ values: number[]; text: string; state: FinalState }> {
  const values: number[] = [];
  let text = '';
  for await (const event of engine.submit(request(handle, { steps: 'every', keepState: true, ...more }))) {
    if (event.kind === 'outputs') values.push(...event.values);
    else if (event.kind === 'token') text += event.text;
    else if (event.kind === 'done') return { values, text, state: event.state! };
  }
  throw new Error('the sequence has no end');
}

test.for([
  ['of ids', causal, { kind: 'ids', vocabulary }],
  ['of features', stacked, features],
] as const)(
  'a sequence %s in parts has the bits of the whole, batched with others',
  async ([, spec, input]) => {
    engine = startEngine({ workers: 2, slots: 3 });
    const handle = await loadNetwork(engine, spec, input);
    const width = input.kind === 'ids' ? 1 : input.width;
    const inOrder = async (seed: number): Promise<void> => {
      const whole = randomSequence(input, 257, seed);
      const expected = await run(handle, { input: whole });
      const values: number[] = [];
      let state: FinalState | undefined;
      for (let at = 0, steps = 1; at < 257; at += steps, steps = (steps * 3) % 37) {
        const part = await run(handle, {
          input: whole.slice(at * width, (at + steps) * width),
          from: state?.values,
        });
        values.push(...part.values);
        state = part.state;
      }
      expect(values).toEqual(expected.values);
      expect(state).toEqual(expected.state);
      expect(state!.values).toHaveLength(handle.info.stateFloats);
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map(inOrder));
  },
);

test('names the parts of the state by layer', async () => {
  engine = startEngine();
  const { info } = await loadNetwork(engine, stacked, features);
  expect(info.stateParts.map(({ floats }) => floats)).toEqual([6, 33, 33, 3, 1]);
  expect(info.stateParts.map(({ name }) => name.split('.').at(-1))).toEqual(['history', 'h', 'c', 'h', 'h']);
  expect(new Set(info.stateParts.map(({ name }) => name)).size).toBe(5);
});

test('a generation stands after its last token, which is fed with what comes next', async () => {
  engine = startEngine({ slots: 2 });
  const handle = await loadNetwork(engine, causal);
  const prompt = someIds(5, 3);
  const options = { temperature: 0, seed: 1 } as const;
  const whole = await run(handle, { input: prompt, generation: generating({ ...options, maxTokens: 30 }) });
  const first = await run(handle, { input: prompt, generation: generating({ ...options, maxTokens: 11 }) });
  expect(first.state.fedIds).toHaveLength(10);
  const second = await run(handle, {
    input: Int32Array.of(first.state.nextId!),
    from: first.state.values,
    generation: generating({ ...options, maxTokens: 19 }),
  });
  expect(first.text + second.text).toBe(whole.text);
  expect(second.state.values).toEqual(whole.state.values);
  expect([...first.state.fedIds, first.state.nextId, ...second.state.fedIds]).toEqual(whole.state.fedIds);
});

test('keeps the state of a sequence that is preempted on its way', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const alone = await run(handle, { input: someIds(3000, 1) });
  const crowded = await Promise.all([1, 2, 3, 4].map((seed) => run(handle, { input: someIds(3000, seed) })));
  expect(crowded[0]!.state).toEqual(alone.state);
  expect(crowded[0]!.values).toEqual(alone.values);
});

test('refuses a state of another size, and states of a network that reads whole sequences', async () => {
  engine = startEngine();
  const [handle, whole] = [await loadNetwork(engine, causal), await loadNetwork(engine, bidirectional)];
  await expect(run(handle, { from: new Float32Array(3) })).rejects.toThrow(
    `state: this network has ${handle.info.stateFloats} numbers of state, was given 3`,
  );
  await expect(run(whole, {})).rejects.toThrow('only a causal network has a state between steps');
  expect(whole.info.stateParts).toEqual([]);
});
