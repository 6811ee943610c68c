import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batcherDefaults } from '../../../src/engine/worker/batcher-options.ts';
import { createBatcher } from '../../../src/engine/worker/batcher.ts';
import type { BatchedSequence } from '../../../src/engine/worker/slot.ts';
import type { Resume, SequenceReport } from '../../../src/engine/channel/messages.ts';
import { createFakeGeneration } from './fake-generation.ts';
import { createFakeRunner, fakeOutputs } from './fake-runner.ts';

const options = { ...batcherDefaults, now: () => 0 };
const sequence = (
  id: number,
  input: readonly number[],
  more: Partial<BatchedSequence> = {},
): BatchedSequence => ({
  id,
  input: Int32Array.from(input),
  steps: 'every',
  output: 'output',
  generation: null,
  resume: null,
  windowBytes: Infinity,
  alreadyDelivered: 0,
  ...more,
});
const idsOf = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, t) => (t * 7 + seed * 3) % 10);

/** Gathers what a batcher reports, by sequence. */
function gather() {
  const reports = new Map<number, SequenceReport[]>();
  const of = (id: number): SequenceReport[] => reports.get(id) ?? [];
  return {
    of,
    emit: (id: number, report: SequenceReport) => void reports.set(id, [...of(id), report]),
    kinds: (id: number) => of(id).map(({ kind }) => kind),
    values: (id: number) => of(id).flatMap((report) => (report.kind === 'outputs' ? [...report.values] : [])),
  };
}

test('sequences that join and leave at any step give what each gives alone', () => {
  const arrivals = fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 60 }),
      ticksBefore: fc.nat(3),
      steps: fc.constantFrom('every' as const, 'last' as const),
      output: fc.constantFrom('output' as const, 'hidden' as const),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      arrivals,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 16 }),
      (list, maxRows, chunk) => {
        const runner = createFakeRunner({ maxRows, maxPacked: 24 });
        const batcher = createBatcher(runner, { ...options, maxChunkSteps: chunk });
        const seen = gather();
        list.forEach(({ length, ticksBefore, steps, output }, id) => {
          for (let tick = 0; tick < ticksBefore; tick++) batcher.tick(seen.emit);
          batcher.add(sequence(id, idsOf(length, id), { steps, output }));
        });
        while (batcher.tick(seen.emit));
        list.forEach(({ length, steps, output }, id) => {
          const alone = fakeOutputs(Int32Array.from(idsOf(length, id))).map((row) =>
            row.map((value) => (output === 'hidden' ? -value : value)),
          );
          expect(seen.values(id)).toEqual((steps === 'every' ? alone : alone.slice(-1)).flat());
          expect(seen.of(id).at(-1)).toEqual({ kind: 'done', finish: null, steps: length, runMs: 0 });
        });
        expect(runner.rows).toBe(0);
        expect([batcher.active, batcher.waiting]).toEqual([0, 0]);
      },
    ),
  );
});

test('outputs say where they belong', () => {
  const batcher = createBatcher(createFakeRunner(), { ...options, maxChunkSteps: 4 });
  const seen = gather();
  batcher.add(sequence(1, idsOf(10, 1)));
  batcher.add(sequence(2, idsOf(10, 2), { steps: 'last' }));
  while (batcher.tick(seen.emit));
  const placed = (id: number) =>
    seen.of(id).flatMap((report) => (report.kind === 'outputs' ? [[report.first, report.steps]] : []));
  expect(placed(1)).toEqual([[0, 4], [4, 4], [8, 2]]); // prettier-ignore
  expect(placed(2)).toEqual([[9, 1]]);
});

test('rows of features reach the steps they belong to', () => {
  const input = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const run = (chunk: number, company: number): number[] => {
    const runner = createFakeRunner({ inputWidth: 2 });
    const batcher = createBatcher(runner, { ...options, maxChunkSteps: chunk });
    const seen = gather();
    for (let id = 1; id <= company; id++)
      batcher.add({ ...sequence(id, []), input: input.map((value) => value + id).subarray(0, 2 * id) });
    batcher.add({ ...sequence(0, []), input });
    while (batcher.tick(seen.emit));
    return seen.values(0);
  };
  expect(run(1, 0)).toHaveLength(36);
  expect(run(5, 3)).toEqual(run(1, 0));
});

test('a cancelled sequence frees its row for the next tick and says nothing more', () => {
  const runner = createFakeRunner({ maxRows: 1 });
  const batcher = createBatcher(runner, { ...options, maxChunkSteps: 2 });
  const seen = gather();
  batcher.add(sequence(1, idsOf(50, 1)));
  batcher.add(sequence(2, idsOf(1, 2)));
  batcher.tick(seen.emit);
  batcher.cancel(1);
  expect(runner.rows).toBe(0);
  const before = seen.of(1).length;
  batcher.tick(seen.emit);
  expect(seen.of(1)).toHaveLength(before);
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});

test('a sequence cancelled in line never runs', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), options);
  const seen = gather();
  batcher.add(sequence(1, idsOf(3, 1)));
  batcher.add(sequence(2, idsOf(3, 2)));
  batcher.cancel(2);
  while (batcher.tick(seen.emit));
  expect(seen.of(2)).toEqual([]);
});

test('a long sequence makes way for one that waits, and goes on from its state with the same bits', () => {
  const long = idsOf(90, 1);
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), {
    ...options,
    quantumSteps: 16,
    maxChunkSteps: 8,
  });
  const seen = gather();
  batcher.add(sequence(1, long));
  batcher.add(sequence(2, idsOf(2, 2)));
  let parks = 0;
  const emit = (id: number, report: SequenceReport): void => {
    seen.emit(id, report);
    if (report.kind !== 'preempted') return;
    parks++;
    const resume = report.resume!;
    batcher.add(sequence(id, long.slice(resume.step), { resume }));
    if (parks < 4) batcher.add(sequence(2 + parks, idsOf(2, 2)));
  };
  while (batcher.tick(emit));
  expect(parks).toBe(4);
  expect(seen.values(1)).toEqual(fakeOutputs(Int32Array.from(long)).flat());
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});

test('nobody is sent away while nobody waits', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 2 }), {
    ...options,
    quantumSteps: 1,
    maxChunkSteps: 1,
  });
  const seen = gather();
  batcher.add(sequence(1, idsOf(30, 1)));
  batcher.add(sequence(2, idsOf(30, 2)));
  while (batcher.tick(seen.emit));
  expect(seen.kinds(1)).not.toContain('preempted');
});

test('only as many make way as wait, those that ran longest first', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 3 }), {
    ...options,
    quantumSteps: 4,
    maxChunkSteps: 2,
  });
  const seen = gather();
  batcher.add(sequence(1, idsOf(40, 1)));
  batcher.tick(seen.emit);
  batcher.add(sequence(2, idsOf(40, 2)));
  batcher.add(sequence(3, idsOf(40, 3)));
  for (let tick = 0; tick < 3; tick++) batcher.tick(seen.emit);
  batcher.add(sequence(4, idsOf(40, 4)));
  batcher.tick(seen.emit);
  expect([1, 2, 3].filter((id) => seen.kinds(id).includes('preempted'))).toEqual([1]);
  expect(batcher.active).toBe(3);
});

test('a prompt beside a generation is read in small chunks', () => {
  const runner = createFakeRunner();
  const batcher = createBatcher(runner, options);
  const seen = gather();
  batcher.add(sequence(1, [1], { generation: createFakeGeneration(20) }));
  batcher.tick(seen.emit);
  batcher.add(sequence(2, idsOf(50, 2), { steps: 'last' }));
  batcher.tick(seen.emit);
  expect(runner.ticks).toEqual([[1], [batcherDefaults.maxGeneratingChunkSteps, 1]]);
});

test('a tick is cut to the time it should take', () => {
  let clock = 0;
  const runner = createFakeRunner({ maxPacked: 64 });
  const run = runner.run.bind(runner);
  runner.run = (wanted, what) => {
    clock += runner.ticks.length === 0 ? 64 : 4;
    return run(wanted, what);
  };
  const batcher = createBatcher(runner, { ...options, now: () => clock, targetTickMs: 4 });
  batcher.add(sequence(1, idsOf(100, 1)));
  batcher.tick(() => {});
  batcher.tick(() => {});
  expect(runner.ticks).toEqual([[64], [4]]);
});

test('a generation is fed what it chose, in any company, and its tokens are numbered', () => {
  const alone = gather();
  const generating = (): BatchedSequence =>
    sequence(0, idsOf(11, 0), { generation: createFakeGeneration(25) });
  const one = createBatcher(createFakeRunner(), { ...options, maxChunkSteps: 1 });
  one.add(generating());
  while (one.tick(alone.emit));

  const together = gather();
  const many = createBatcher(createFakeRunner(), options);
  for (let id = 1; id < 9; id++)
    many.add(id % 2 ? sequence(id, idsOf(id * 9, id), { output: 'hidden' }) : { ...generating(), id });
  many.add(generating());
  while (many.tick(together.emit));

  expect(together.of(0)).toEqual(alone.of(0));
  const tokens = alone.of(0).flatMap((report) => (report.kind === 'token' ? [report.index] : []));
  expect(tokens).toEqual(Array.from({ length: 25 }, (_, index) => index));
  expect(alone.of(0).at(-1)).toMatchObject({ kind: 'done', finish: 'length', steps: 11 + 24 });
});

test('a generation that is parked goes on with the same tokens', () => {
  const prompt = idsOf(5, 3);
  const alone = gather();
  const one = createBatcher(createFakeRunner(), options);
  one.add(sequence(0, prompt, { generation: createFakeGeneration(30) }));
  while (one.tick(alone.emit));

  const seen = gather();
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), {
    ...options,
    quantumSteps: 3,
    maxChunkSteps: 2,
  });
  batcher.add(sequence(0, prompt, { generation: createFakeGeneration(30) }));
  batcher.add(sequence(1, idsOf(200, 1)));
  let parks = 0;
  const again = (id: number, resume: Resume): BatchedSequence =>
    id === 0
      ? sequence(0, prompt.slice(resume.step), {
          resume,
          generation: createFakeGeneration(30, resume.generation),
        })
      : sequence(id, idsOf(200, 1).slice(resume.step), { resume });
  const emit = (id: number, report: SequenceReport): void => {
    if (report.kind === 'preempted') {
      parks++;
      batcher.add(again(id, report.resume!));
    } else seen.emit(id, report);
  };
  while (batcher.tick(emit));
  expect(parks).toBeGreaterThan(10);
  expect(seen.of(0)).toEqual(alone.of(0));
});

test('a decoding that throws fails its own sequence only', () => {
  const batcher = createBatcher(createFakeRunner(), options);
  const seen = gather();
  const broken = createFakeGeneration(5);
  broken.next = () => {
    throw new Error('no such token');
  };
  batcher.add(sequence(1, [1], { generation: broken }));
  batcher.add(sequence(2, idsOf(5, 2)));
  while (batcher.tick(seen.emit));
  expect(seen.of(1)).toEqual([{ kind: 'failed', reason: 'Error: no such token' }]);
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});

test('a network that is not causal takes whole sequences, as many as fit, in the order they came', () => {
  const runner = createFakeRunner({ causal: false, maxRows: 3, maxPacked: 20 });
  const batcher = createBatcher(runner, options);
  const seen = gather();
  [6, 9, 5, 1, 20].forEach((length, id) => batcher.add(sequence(id, idsOf(length, id))));
  while (batcher.tick(seen.emit));
  expect(runner.ticks).toEqual([[9, 6, 5], [1], [20]]);
  for (let id = 0; id < 5; id++)
    expect(seen.values(id)).toEqual(fakeOutputs(Int32Array.from(idsOf([6, 9, 5, 1, 20][id]!, id))).flat());
});

test('a whole sequence that waits for another kind of answer still fits the next tick', () => {
  const runner = createFakeRunner({ causal: false, maxRows: 3, maxPacked: 20 });
  const batcher = createBatcher(runner, options);
  const seen = gather();
  batcher.add(sequence(0, idsOf(8, 0)));
  batcher.add(sequence(1, idsOf(10, 1), { output: 'hidden' }));
  batcher.add(sequence(2, idsOf(15, 2)));
  while (batcher.tick(seen.emit));
  expect([0, 1, 2].map((id) => seen.kinds(id).at(-1))).toEqual(['done', 'done', 'done']);
});

test('a whole sequence too long for any tick is refused', () => {
  const batcher = createBatcher(createFakeRunner({ causal: false, maxPacked: 8 }), options);
  expect(() => batcher.add(sequence(1, idsOf(9, 1)))).toThrow(RangeError);
});
