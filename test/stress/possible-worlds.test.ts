import { describe, expect, it } from 'vitest';
import type { Answer, Operation } from '../../stress/sessions/operation.ts';
import type { Oracle } from '../../stress/sessions/oracle.ts';
import { createPossibleWorlds, type PossibleWorlds } from '../../stress/sessions/possible-worlds.ts';
import { createSequence, listRows, type Sequence } from '../../stress/sessions/sequence.ts';
import type { World } from '../../stress/sessions/world.ts';

// The judge of the scenario `sessions`: it has to find every wrong answer, and no right one.

/** A model whose output is the sum of all rows so far. */
const sumOf = (sequence: Sequence): number => listRows(sequence).reduce((sum, { row }) => sum + row[0]!, 0);
const oracle: Oracle = {
  matches: async (sequence, outputs) => JSON.stringify(outputs) === JSON.stringify([[sumOf(sequence)]]),
};
const empty: World = {
  sequence: createSequence(),
  marks: new Map(),
  firstKept: 0,
  keepSteps: 10,
  durable: false,
};
const feed = (value: number): Operation => ({
  kind: 'steps',
  rows: [[value]],
  position: undefined,
  stream: false,
});
const ok = (body: object): Answer => ({
  status: 200,
  code: null,
  body: body as never,
  bytes: Buffer.alloc(0),
});
const error = (code: string): Answer => ({ status: 400, code, body: {}, bytes: Buffer.alloc(0) });
const stepped = (position: number, sum: number): Answer =>
  ok({ predictions: [{ output: [[sum]] }], session: { position } });
const view = (position: number, more: object = {}): Answer =>
  ok({ position, durable: false, keep_steps: 10, marks: [], ...more });
const add = (worlds: PossibleWorlds, ...calls: readonly (readonly [Operation, Answer])[]): Promise<boolean> =>
  worlds.add(calls.map(([operation, answer]) => ({ operation, answer, found: new Set() })));
const begin = (world: World | null = empty): PossibleWorlds => createPossibleWorlds([world], oracle);

describe('one call after the other', () => {
  it('has the outputs of the whole sequence', async () => {
    const worlds = begin();
    expect(await add(worlds, [feed(1), stepped(1, 1)])).toBe(true);
    expect(await add(worlds, [feed(2), stepped(2, 3)])).toBe(true);
  });

  it.each([
    ['from the state of another', stepped(2, 102)],
    ['from a state that has the step already', stepped(2, 5)],
    ['from the state before', stepped(1, 2)],
    ['as if there were none', error('session_not_found')],
  ])('is not answered %s', async (_, answer) => {
    const worlds = begin();
    await add(worlds, [feed(1), stepped(1, 1)]);
    expect(await add(worlds, [feed(2), answer])).toBe(false);
  });

  it('may have run or not where its answer was lost, but not twice', async () => {
    for (const [answer, possible] of [
      [stepped(1, 2), true],
      [stepped(2, 3), true],
      [stepped(3, 4), false],
    ] as const) {
      const worlds = begin();
      await add(worlds, [feed(1), null]);
      expect(await add(worlds, [feed(2), answer])).toBe(possible);
    }
  });

  it('is refused where it goes back further than is kept', async () => {
    for (const [steps, answer, possible] of [
      [1, view(1), true],
      [1, error('invalid_request'), false],
      [3, error('invalid_request'), true],
    ] as const) {
      const worlds = begin();
      await add(worlds, [feed(1), stepped(1, 1)]);
      await add(worlds, [feed(2), stepped(2, 3)]);
      expect(await add(worlds, [{ kind: 'rewind', to: { steps } }, answer])).toBe(possible);
    }
  });

  it('does not find what was deleted', async () => {
    const worlds = begin();
    expect(await add(worlds, [{ kind: 'delete' }, ok({ deleted: true })])).toBe(true);
    expect(await add(worlds, [{ kind: 'show' }, view(0)])).toBe(false);
  });
});

describe('calls at the same time', () => {
  it('are one after the other, in any order', async () => {
    const worlds = begin();
    expect(await add(worlds, [feed(1), stepped(2, 3)], [feed(2), stepped(1, 2)])).toBe(true);
    expect(worlds.now).toHaveLength(1);
  });

  it('do not both run from the same state', async () => {
    expect(await add(begin(), [feed(1), stepped(1, 1)], [feed(2), stepped(1, 2)])).toBe(false);
  });

  it('do not both delete', async () => {
    const deletion = [{ kind: 'delete' }, ok({ deleted: true })] as const;
    expect(await add(begin(), deletion, deletion)).toBe(false);
  });
});

describe('a server that was killed', () => {
  it.each([
    [false, true],
    [true, false],
  ])('durable %s: may have lost the last steps: %s', async (durable, possible) => {
    const worlds = begin({ ...empty, durable });
    const sinceMs = performance.now();
    await add(worlds, [feed(1), stepped(1, 1)]);
    worlds.lose(sinceMs - 1);
    expect(await add(worlds, [{ kind: 'show' }, view(0, { durable })])).toBe(possible);
  });

  it('has not lost what was written before', async () => {
    const worlds = begin();
    await add(worlds, [feed(1), stepped(1, 1)]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    worlds.lose(performance.now());
    expect(await add(worlds, [{ kind: 'show' }, view(0)])).toBe(false);
  });

  it('does not bring back what was deleted', async () => {
    const worlds = begin();
    await add(worlds, [{ kind: 'delete' }, ok({ deleted: true })]);
    worlds.lose(-Infinity);
    expect(await add(worlds, [{ kind: 'show' }, view(0)])).toBe(false);
  });
});
