import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batcherDefaults } from '../../../src/engine/worker/batcher-options.ts';
import { createBatcher } from '../../../src/engine/worker/batcher.ts';
import type { SequenceReport } from '../../../src/engine/channel/messages.ts';
import { collectReports, createIds, createSequence } from './batched-sequence.ts';
import { createFakeGeneration } from './fake-generation.ts';
import { createFakeRunner, fakeOutputs } from './fake-runner.ts';

const options = { ...batcherDefaults, now: () => 0 };
test('outputs are the same alone and when sequences join and leave at any step', () => {
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
        const seen = collectReports();
        list.forEach(({ length, ticksBefore, steps, output }, id) => {
          for (let tick = 0; tick < ticksBefore; tick++) batcher.tick(seen.emit);
          batcher.add(createSequence(id, createIds(length, id), { steps, output }));
        });
        while (batcher.tick(seen.emit));
        list.forEach(({ length, steps, output }, id) => {
          const alone = fakeOutputs(Int32Array.from(createIds(length, id))).map((row) =>
            row.map((value) => (output === 'hidden' ? -value : value)),
          );
          expect(seen.values(id)).toEqual((steps === 'every' ? alone : alone.slice(-1)).flat());
          expect(seen.of(id).at(-1)).toEqual({
            kind: 'done',
            finish: null,
            steps: length,
            runMs: 0,
            state: null,
          });
        });
        expect(runner.rows).toBe(0);
        expect([batcher.active, batcher.waiting]).toEqual([0, 0]);
      },
    ),
  );
});

test('outputs have the index of their first step', () => {
  const batcher = createBatcher(createFakeRunner(), { ...options, maxChunkSteps: 4 });
  const seen = collectReports();
  batcher.add(createSequence(1, createIds(10, 1)));
  batcher.add(createSequence(2, createIds(10, 2), { steps: 'last' }));
  while (batcher.tick(seen.emit));
  const placed = (id: number) =>
    seen.of(id).flatMap((report) => (report.kind === 'outputs' ? [[report.first, report.steps]] : []));
  expect(placed(1)).toEqual([[0, 4], [4, 4], [8, 2]]); // prettier-ignore
  expect(placed(2)).toEqual([[9, 1]]);
});

test('feeds features to the steps of their rows', () => {
  const input = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const run = (chunk: number, otherRows: number): number[] => {
    const runner = createFakeRunner({ inputWidth: 2 });
    const batcher = createBatcher(runner, { ...options, maxChunkSteps: chunk });
    const seen = collectReports();
    for (let id = 1; id <= otherRows; id++)
      batcher.add({ ...createSequence(id, []), input: input.map((value) => value + id).subarray(0, 2 * id) });
    batcher.add({ ...createSequence(0, []), input });
    while (batcher.tick(seen.emit));
    return seen.values(0);
  };
  expect(run(1, 0)).toHaveLength(36);
  expect(run(5, 3)).toEqual(run(1, 0));
});

test('a cancelled sequence frees its row for the next tick and reports nothing more', () => {
  const runner = createFakeRunner({ maxRows: 1 });
  const batcher = createBatcher(runner, { ...options, maxChunkSteps: 2 });
  const seen = collectReports();
  batcher.add(createSequence(1, createIds(50, 1)));
  batcher.add(createSequence(2, createIds(1, 2)));
  batcher.tick(seen.emit);
  batcher.cancel(1);
  expect(runner.rows).toBe(0);
  const before = seen.of(1).length;
  batcher.tick(seen.emit);
  expect(seen.of(1)).toHaveLength(before);
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});

test('a sequence cancelled in the queue does not run', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), options);
  const seen = collectReports();
  batcher.add(createSequence(1, createIds(3, 1)));
  batcher.add(createSequence(2, createIds(3, 2)));
  batcher.cancel(2);
  while (batcher.tick(seen.emit));
  expect(seen.of(2)).toEqual([]);
});

test('preempts a long sequence for a queued one, and continues it bit-identically', () => {
  const long = createIds(90, 1);
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), {
    ...options,
    quantumSteps: 16,
    maxChunkSteps: 8,
  });
  const seen = collectReports();
  batcher.add(createSequence(1, long));
  batcher.add(createSequence(2, createIds(2, 2)));
  let parks = 0;
  const emit = (id: number, report: SequenceReport): void => {
    seen.emit(id, report);
    if (report.kind !== 'preempted') return;
    parks++;
    const resume = report.resume!;
    batcher.add(createSequence(id, long.slice(resume.step), { resume }));
    if (parks < 4) batcher.add(createSequence(2 + parks, createIds(2, 2)));
  };
  while (batcher.tick(emit));
  expect(parks).toBe(4);
  expect(seen.values(1)).toEqual(fakeOutputs(Int32Array.from(long)).flat());
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});

test('does not preempt while the queue is empty', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 2 }), {
    ...options,
    quantumSteps: 1,
    maxChunkSteps: 1,
  });
  const seen = collectReports();
  batcher.add(createSequence(1, createIds(30, 1)));
  batcher.add(createSequence(2, createIds(30, 2)));
  while (batcher.tick(seen.emit));
  expect(seen.kinds(1)).not.toContain('preempted');
});

test('preempts as many rows as sequences wait, those with the most steps first', () => {
  const batcher = createBatcher(createFakeRunner({ maxRows: 3 }), {
    ...options,
    quantumSteps: 4,
    maxChunkSteps: 2,
  });
  const seen = collectReports();
  batcher.add(createSequence(1, createIds(40, 1)));
  batcher.tick(seen.emit);
  batcher.add(createSequence(2, createIds(40, 2)));
  batcher.add(createSequence(3, createIds(40, 3)));
  for (let tick = 0; tick < 3; tick++) batcher.tick(seen.emit);
  batcher.add(createSequence(4, createIds(40, 4)));
  batcher.tick(seen.emit);
  expect([1, 2, 3].filter((id) => seen.kinds(id).includes('preempted'))).toEqual([1]);
  expect(batcher.active).toBe(3);
});

test('feeds a prompt in small chunks while another row generates', () => {
  const runner = createFakeRunner();
  const batcher = createBatcher(runner, options);
  const seen = collectReports();
  batcher.add(createSequence(1, [1], { generation: createFakeGeneration(20) }));
  batcher.tick(seen.emit);
  batcher.add(createSequence(2, createIds(50, 2), { steps: 'last' }));
  batcher.tick(seen.emit);
  expect(runner.ticks).toEqual([[1], [batcherDefaults.maxGeneratingChunkSteps, 1]]);
});

test('limits a tick to its target duration', () => {
  let clock = 0;
  const runner = createFakeRunner({ maxPacked: 64 });
  const run = runner.run.bind(runner);
  runner.run = (wanted, what) => {
    clock += runner.ticks.length === 0 ? 64 : 4;
    return run(wanted, what);
  };
  const batcher = createBatcher(runner, { ...options, now: () => clock, targetTickMs: 4 });
  batcher.add(createSequence(1, createIds(100, 1)));
  batcher.tick(() => {});
  batcher.tick(() => {});
  expect(runner.ticks).toEqual([[64], [4]]);
});

test('a network that is not causal runs whole sequences, as many as fit, the shortest first', () => {
  const runner = createFakeRunner({ causal: false, maxRows: 3, maxPacked: 20 });
  const batcher = createBatcher(runner, options);
  const seen = collectReports();
  [6, 9, 5, 1, 20].forEach((length, id) => batcher.add(createSequence(id, createIds(length, id))));
  while (batcher.tick(seen.emit));
  expect(runner.ticks).toEqual([[6, 5, 1], [9], [20]]);
  for (let id = 0; id < 5; id++)
    expect(seen.values(id)).toEqual(
      fakeOutputs(Int32Array.from(createIds([6, 9, 5, 1, 20][id]!, id))).flat(),
    );
});

test('a whole sequence that waits for another kind of output fits the next tick', () => {
  const runner = createFakeRunner({ causal: false, maxRows: 3, maxPacked: 20 });
  const batcher = createBatcher(runner, options);
  const seen = collectReports();
  batcher.add(createSequence(0, createIds(8, 0)));
  batcher.add(createSequence(1, createIds(10, 1), { output: 'hidden' }));
  batcher.add(createSequence(2, createIds(15, 2)));
  while (batcher.tick(seen.emit));
  expect([0, 1, 2].map((id) => seen.kinds(id).at(-1))).toEqual(['done', 'done', 'done']);
});

test('rejects a whole sequence that is too long for a tick', () => {
  const batcher = createBatcher(createFakeRunner({ causal: false, maxPacked: 8 }), options);
  expect(() => batcher.add(createSequence(1, createIds(9, 1)))).toThrow(RangeError);
});

test('a tick of few whole sequences is longer, unless another network has work', () => {
  const run = (othersWait: boolean): number[][] => {
    let clock = 0;
    const runner = createFakeRunner({ causal: false });
    const runTick = runner.run.bind(runner);
    runner.run = (wanted, what) => {
      clock += 10;
      return runTick(wanted, what);
    };
    const batcher = createBatcher(runner, { ...options, now: () => clock });
    // a step takes a millisecond
    batcher.add(createSequence(0, createIds(10, 0)));
    batcher.tick(() => {}, othersWait);
    for (let id = 1; id < 5; id++) batcher.add(createSequence(id, createIds(4, id)));
    batcher.tick(() => {}, othersWait);
    return runner.ticks;
  };
  expect(run(true)).toEqual([[10], [4]]);
  expect(run(false)).toEqual([[10], [4, 4, 4, 4]]);
});
