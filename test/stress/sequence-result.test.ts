import { expect, it } from 'vitest';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import { describeDifference, readResult } from '../../stress/engine/sequence-result.ts';

const outputs = (first: number, ...values: number[]): SequenceEvent => ({
  kind: 'outputs',
  first,
  steps: values.length,
  width: 1,
  values: Float32Array.from(values),
});
const done: SequenceEvent = { kind: 'done', finish: null, steps: 3, queuedMs: 0, runMs: 0, state: null };
const read = (...events: SequenceEvent[]) => readResult(toAsync(events), 'every');
async function* toAsync(events: readonly SequenceEvent[]): AsyncGenerator<SequenceEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

it('finds a difference of one bit, also between −0 and 0', async () => {
  const alone = (await read(outputs(0, 0, 0.1, 2), done))!;
  const cut = (await read(outputs(0, 0), outputs(1, 0.1, 2), done))!;
  const other = (await read(outputs(0, -0, 0.1, 2), done))!;
  expect(describeDifference(alone, cut)).toBeNull();
  expect(describeDifference(alone, other)).toBe(
    '1 of 3 numbers differ, the first at 0: 0x80000000, alone 0x0',
  );
});

it.each([
  ['a gap', [outputs(0, 1), outputs(2, 1), done]],
  ['a repetition', [outputs(0, 1), outputs(0, 1), done]],
  ['a missing beginning', [outputs(1, 1), done]],
  ['a missing end', [outputs(0, 1)]],
  ['something after the end', [done, outputs(0, 1)]],
])('rejects events with %s', async (_, events) => {
  await expect(read(...events)).rejects.toThrow(/step|done/);
});

it('returns null for a sequence that was abandoned early', async () => {
  expect(await readResult(toAsync([outputs(0, 1), done]), 'every', 1)).toBeNull();
});
