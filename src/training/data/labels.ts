import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine } from './encoding.ts';

export interface Labels {
  readonly labels: readonly string[];
  /** @throws UnrollError invalid_dataset for a label that is none of them */
  findId(label: string, field: string, line: number): number;
}

/** Those of the base, those given, or those of the training data in order of code points. */
export function resolveLabels(
  { outputs }: TrainingSpec,
  base: ModelSpec | null,
  seen: Iterable<string>,
): Labels {
  const given = base?.outputs.labels ?? outputs.labels;
  const labels = given ?? [...new Set(seen)].sort();
  if (new Set(labels).size !== labels.length)
    throw new UnrollError('invalid_request', 'outputs.labels: a label stands there twice', {
      field: 'outputs.labels',
    });
  const ids = new Map(labels.map((label, id) => [label, id]));
  const whose = base ? 'the base has' : given ? 'outputs.labels has' : 'the training data has';
  return {
    labels,
    findId: (label, field, line) =>
      ids.get(label) ??
      invalidLine(
        field,
        line,
        `the label ${JSON.stringify(label)} is none of the ${labels.length} that ${whose}`,
      ),
  };
}

/** balanced: the mean weight over all examples is 1. @param counts of each label in the training data */
export function computeClassWeights(
  { hyperparameters: { class_weights: wanted } }: TrainingSpec,
  labels: readonly string[],
  counts: readonly number[],
): Float32Array | null {
  if (wanted === undefined) return null;
  if (wanted === 'balanced') {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const present = counts.filter((count) => count > 0).length;
    return Float32Array.from(counts, (count) => (count > 0 ? total / (present * count) : 0));
  }
  for (const label of Object.keys(wanted))
    if (!labels.includes(label))
      throw new UnrollError(
        'invalid_request',
        `hyperparameters.class_weights: ${JSON.stringify(label)} is no label of the data`,
        { field: 'hyperparameters.class_weights' },
      );
  return Float32Array.from(labels, (label) => wanted[label] ?? 1);
}
