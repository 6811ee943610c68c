import { expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { toInside } from '../../src/http/v1/json/inside.ts';
import { planInside } from '../../src/network/inside.ts';
import { checkInsideSize } from '../../src/tasks/inside-options.ts';
import { createTimeSlice } from '../../src/time-slice.ts';
import { fakeContext, models } from './fake-context.ts';

const layer = {
  name: 'body',
  node: 1,
  units: 3,
  directions: ['forward', 'backward'] as const,
  hasCellState: true,
  gates: ['input', 'forget', 'candidate', 'output'],
};
const plan = planInside([layer], ['gates', 'hidden', 'cell'], null);
const steps = 50;
/** A small negative number with nine digits. */
const longest = -0.012345678;
const inside = {
  plan,
  rows: Array.from({ length: steps }, () => new Float32Array(plan.width).fill(longest)),
};
const { limits } = fakeContext(models.tag());

/** The limit at which the check stops refusing. */
function estimateBytes(include_format: 'json' | 'base64'): number {
  try {
    checkInsideSize(plan, steps, { include_format }, { ...limits, maxReplyBytes: 0 });
  } catch (error) {
    if (error instanceof UnrollError) return Number(/about (\d+)$/.exec(error.message)![1]);
  }
  throw new Error('was not refused');
}

it.each(['json', 'base64'] as const)(
  'estimates the values of a reply as %s, besides the names',
  async (format) => {
    const reply = await toInside(inside, { include_format: format }, createTimeSlice());
    const values = reply.inside!.flatMap(({ hidden, cell, gates }) => [
      hidden,
      cell,
      ...Object.values(gates!),
    ]);
    expect(values).toHaveLength(12);
    const bytes = values.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
    const estimate = estimateBytes(format);
    expect(bytes).toBeLessThanOrEqual(estimate + values.length * 6);
    expect(bytes).toBeGreaterThan(0.85 * estimate);
  },
);

it('encodes many numbers as one text, in pieces', async () => {
  const random = Array.from({ length: 9001 }, (_, t) => new Float32Array(plan.width).fill(t / 7));
  const slice = createTimeSlice();
  const reply = await toInside({ plan, rows: random }, { include_format: 'base64' }, slice);
  const bytes = Buffer.from(reply.inside![1]!.cell as string, 'base64');
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  expect(reply.inside![1]!.shape).toEqual([9001, 3]);
  expect(values).toEqual(Float32Array.from({ length: 9001 * 3 }, (_, i) => Math.floor(i / 3) / 7));
});

it('lays columns out by kind, whatever the order in which they are asked for', () => {
  expect(plan.width).toBe(2 * 6 * 3);
  expect(plan.parts.map(({ direction, at }) => [direction, at])).toEqual([
    ['forward', 0],
    ['backward', 18],
  ]);
  expect(plan.parts[0]!.columns.map(({ kind, gate }) => [kind, gate])).toEqual([
    ['hidden', 0],
    ['cell', 0],
    ['gates', 0],
    ['gates', 1],
    ['gates', 2],
    ['gates', 3],
  ]);
});

it('refuses numbers that JSON cannot carry, and sends them as float32', async () => {
  const rows = [new Float32Array(plan.width).fill(Infinity)];
  const slice = createTimeSlice();
  await expect(toInside({ plan, rows }, {}, slice)).rejects.toMatchObject({ code: 'internal' });
  const reply = await toInside({ plan, rows }, { include_format: 'base64' }, slice);
  expect(Buffer.from(reply.inside![0]!.hidden as string, 'base64').readFloatLE(0)).toBe(Infinity);
});
