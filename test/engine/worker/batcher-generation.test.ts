import { expect, test } from 'vitest';
import { batcherDefaults } from '../../../src/engine/worker/batcher-options.ts';
import { createBatcher } from '../../../src/engine/worker/batcher.ts';
import type { BatchedSequence } from '../../../src/engine/worker/slot.ts';
import type { Resume, SequenceReport } from '../../../src/engine/channel/messages.ts';
import { collectReports, createIds, createSequence } from './batched-sequence.ts';
import { createFakeGeneration } from './fake-generation.ts';
import { createFakeRunner } from './fake-runner.ts';

const options = { ...batcherDefaults, now: () => 0 };

test('feeds each generation its own tokens in any batch, and numbers them', () => {
  const alone = collectReports();
  const generating = (): BatchedSequence =>
    createSequence(0, createIds(11, 0), { generation: createFakeGeneration(25) });
  const single = createBatcher(createFakeRunner(), { ...options, maxChunkSteps: 1 });
  single.add(generating());
  while (single.tick(alone.emit));

  const batched = collectReports();
  const many = createBatcher(createFakeRunner(), options);
  for (let id = 1; id < 9; id++)
    many.add(
      id % 2 ? createSequence(id, createIds(id * 9, id), { output: 'hidden' }) : { ...generating(), id },
    );
  many.add(generating());
  while (many.tick(batched.emit));

  expect(batched.of(0)).toEqual(alone.of(0));
  const tokens = alone.of(0).flatMap((report) => (report.kind === 'token' ? [report.index] : []));
  expect(tokens).toEqual(Array.from({ length: 25 }, (_, index) => index));
  expect(alone.of(0).at(-1)).toMatchObject({ kind: 'done', finish: 'length', steps: 11 + 24 });
});

test('a preempted generation continues with the same tokens', () => {
  const prompt = createIds(5, 3);
  const alone = collectReports();
  const single = createBatcher(createFakeRunner(), options);
  single.add(createSequence(0, prompt, { generation: createFakeGeneration(30) }));
  while (single.tick(alone.emit));

  const seen = collectReports();
  const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), {
    ...options,
    quantumSteps: 3,
    maxChunkSteps: 2,
  });
  batcher.add(createSequence(0, prompt, { generation: createFakeGeneration(30) }));
  batcher.add(createSequence(1, createIds(200, 1)));
  let parks = 0;
  const again = (id: number, resume: Resume): BatchedSequence =>
    id === 0
      ? createSequence(0, prompt.slice(resume.step), {
          resume,
          generation: createFakeGeneration(30, resume.generation),
        })
      : createSequence(id, createIds(200, 1).slice(resume.step), { resume });
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

test('a text goes on where it was delivered, is sent before a preemption, and is not sent twice', () => {
  const prompt = createIds(5, 3);
  const read = (more: { parts: number; delivered?: number; textOnly?: boolean }) => {
    const { parts, delivered = 0, textOnly = true } = more;
    const batcher = createBatcher(createFakeRunner({ maxRows: 1 }), { ...options, quantumSteps: parts });
    const start = (resume?: Resume): BatchedSequence =>
      createSequence(0, prompt.slice(resume?.step ?? 0), {
        resume: resume ?? null,
        generation: createFakeGeneration(600, resume?.generation, textOnly),
        alreadyDelivered: delivered,
      });
    let text = '';
    let next = delivered;
    batcher.add(start());
    batcher.add(createSequence(1, createIds(900, 1)));
    const emit = (id: number, report: SequenceReport): void => {
      if (report.kind === 'preempted')
        return batcher.add(
          id === 0
            ? start(report.resume!)
            : createSequence(1, createIds(900, 1).slice(report.resume!.step), { resume: report.resume }),
        );
      if (report.kind !== 'text' && report.kind !== 'token') return;
      expect(report.index).toBe(next);
      next += report.kind === 'text' ? report.tokens : 1;
      text += report.text;
    };
    while (batcher.tick(emit));
    expect(next).toBe(600);
    return text;
  };
  const tokens = read({ parts: 1000, textOnly: false });
  for (const parts of [1, 7, 255, 256, 257, 1000]) {
    expect(read({ parts })).toBe(tokens);
    expect(read({ parts, delivered: 70 })).toBe(tokens.slice(70));
  }
});

test('an error of decoding fails only its own sequence', () => {
  const batcher = createBatcher(createFakeRunner(), options);
  const seen = collectReports();
  const broken = createFakeGeneration(5);
  broken.next = () => {
    throw new Error('no such token');
  };
  batcher.add(createSequence(1, [1], { generation: broken }));
  batcher.add(createSequence(2, createIds(5, 2)));
  while (batcher.tick(seen.emit));
  expect(seen.of(1)).toEqual([{ kind: 'failed', reason: 'Error: no such token' }]);
  expect(seen.kinds(2)).toEqual(['outputs', 'done']);
});
