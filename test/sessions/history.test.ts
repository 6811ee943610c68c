import { expect, test } from 'vitest';
import { extendHistory, planReplay } from '../../src/sessions/history.ts';
import type { Session, Stretch } from '../../src/sessions/session.ts';
import { makeSession } from './fixtures.ts';

const stretch = (steps: number, count: number, width: number): Stretch => ({
  from: { steps, pendingId: null, state: new Float32Array(10) },
  input: new Float32Array(count * width),
  steps: count,
});
function feed(calls: readonly number[], width: number, keepSteps: number): Session {
  let session = makeSession('s', { keepSteps });
  for (const count of calls) {
    const history = extendHistory(session, stretch(session.steps, count, width));
    session = { ...session, history, steps: session.steps + count };
  }
  return session;
}
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

test('keeps at least as many steps as it was asked to, in few stretches', () => {
  const { history, steps } = feed(ones(500), 3, 100);
  expect(history[0]!.from.steps).toBeLessThanOrEqual(steps - 100);
  expect(history.length).toBeLessThanOrEqual(3);
});

test('keeps no more than a megabyte, and says how far back that is', () => {
  const session = feed(ones(300), 16_000, 300);
  const bytes = session.history.reduce((sum, { input }) => sum + input.byteLength, 0);
  expect(bytes).toBeLessThanOrEqual(1 << 20);
  const oldest = session.history[0]!.from.steps;
  expect(oldest).toBeGreaterThan(270);
  expect(() => planReplay(session, oldest - 1, { width: 16_000, generates: false })).toThrow(
    `can be rewound to ${oldest} to 300`,
  );
});

test('steps that are fed at once are one stretch', () => {
  const session = feed([1, 200, 1], 2, 5);
  expect(planReplay(session, 150 + 48, { width: 2, generates: false })).toMatchObject({ pendingId: null });
  expect(planReplay(session, 202 - 1, { width: 2, generates: false }).input.length).toBeLessThanOrEqual(400);
});

test('names the field that was given, what is kept, and what was asked for', () => {
  const session = feed(ones(20), 1, 5);
  const plan = (position: number, given: Parameters<typeof planReplay>[3], of = session) =>
    planReplay(of, position, { width: 1, generates: false }, given);
  expect(() => plan(10, { steps: 10 })).toThrow('steps: the session can be rewound by at most 5, was 10');
  expect(() => plan(3, { position: 3 })).toThrow('position: the session can be rewound to 15 to 20, was 3');
  expect(() => plan(19, { steps: 1 }, { ...session, history: [] })).toThrow('rewound to a mark');
  expect(() => plan(19, { steps: 1 }, { ...session, history: [], keepSteps: 0 })).toThrow('keeps no steps');
});
