import type { SequenceReport } from '../../../src/engine/channel/messages.ts';
import type { BatchedSequence } from '../../../src/engine/worker/slot.ts';

/** A sequence of ids whose outputs are all requested. */
export const createSequence = (
  id: number,
  input: readonly number[],
  more: Partial<BatchedSequence> = {},
): BatchedSequence => ({
  id,
  input: Int32Array.from(input),
  steps: 'every',
  output: 'output',
  generation: null,
  from: null,
  keepState: false,
  resume: null,
  windowBytes: Infinity,
  alreadyDelivered: 0,
  ...more,
});
/** Ids of a sequence, by seed. */
export const createIds = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, t) => (t * 7 + seed * 3) % 10);

/** Collects a batcher's reports by sequence. */
export function collectReports() {
  const reports = new Map<number, SequenceReport[]>();
  const of = (id: number): SequenceReport[] => reports.get(id) ?? [];
  return {
    of,
    emit: (id: number, report: SequenceReport) => void reports.set(id, [...of(id), report]),
    kinds: (id: number) => of(id).map(({ kind }) => kind),
    values: (id: number) => of(id).flatMap((report) => (report.kind === 'outputs' ? [...report.values] : [])),
  };
}
