import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { TrainingSpec } from '../training-spec.ts';
import { invalidLine } from './encoding.ts';

export interface Labels {
  readonly labels: readonly string[];
  /** @throws UnrollError invalid_dataset for an unknown label */
  findId(label: string, field: string, line: number): number;
}

/** The labels of the base model, of the job, or of the training data in order of code points. */
export function resolveLabels(
  { outputs }: TrainingSpec,
  base: ModelSpec | null,
  seen: Iterable<string>,
): Labels {
  const given = base?.outputs.labels ?? outputs.labels;
  const labels = given ?? [...new Set(seen)].sort();
  if (new Set(labels).size !== labels.length)
    throw new UnrollError('invalid_request', 'outputs.labels: a label is listed twice', {
      field: 'outputs.labels',
    });
  const ids = new Map(labels.map((label, id) => [label, id]));
  const source = base ? 'the base model' : given ? 'outputs.labels' : 'the training data';
  return {
    labels,
    findId: (label, field, line) =>
      ids.get(label) ??
      invalidLine(
        field,
        line,
        `${JSON.stringify(label)} is not one of the ${labels.length} labels of ${source}`,
      ),
  };
}

/**
 * Weights of the classes; `balanced` gives a mean weight of 1 over all examples.
 * @param counts examples of each label
 */
export function computeClassWeights(
  { hyperparameters: { class_weights: given } }: TrainingSpec,
  labels: readonly string[],
  counts: readonly number[],
): Float32Array | null {
  if (given === undefined) return null;
  if (given === 'balanced') {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const present = counts.filter((count) => count > 0).length;
    return Float32Array.from(counts, (count) => (count > 0 ? total / (present * count) : 0));
  }
  for (const label of Object.keys(given))
    if (!labels.includes(label))
      throw new UnrollError(
        'invalid_request',
        `hyperparameters.class_weights: ${JSON.stringify(label)} is not a label of the data`,
        { field: 'hyperparameters.class_weights' },
      );
  return Float32Array.from(labels, (label) => given[label] ?? 1);
}
