import type { Crf } from '../decoding/crf/potentials.ts';
import type { CrfTensors } from '../network/graph.ts';
import type { BuildContext, LearningLayer } from './layer.ts';

/** A chain over labels while it learns. Its rows are the scores it reads; what it adds to them is up to the loss. */
export interface LearningCrf extends LearningLayer {
  /** Views: they change as it learns. */
  readonly crf: Crf;
  /** ∂L/∂ each of its numbers. */
  readonly gradient: Pick<Crf, 'transitions' | 'start' | 'end'>;
}

export function learningCrf(
  { allocate }: BuildContext,
  names: CrfTensors,
  { labels }: { labels: number },
): LearningCrf {
  const shapes = { transitions: [labels, labels], start: [labels], end: [labels] } as const;
  const own = (['transitions', 'start', 'end'] as const).map((part) => {
    const shape = shapes[part];
    const length = shape.reduce((product, size) => product * size, 1);
    const [values, gradient] = [allocate(length).values, allocate(length).values];
    return { part, shape, name: names[part], values, gradient, decays: part === 'transitions' };
  });
  const chain = (which: 'values' | 'gradient'): Pick<Crf, 'transitions' | 'start' | 'end'> => ({
    transitions: own[0]![which],
    start: own[1]![which],
    end: own[2]![which],
  });
  return {
    width: labels,
    crf: { labels, ...chain('values') },
    gradient: chain('gradient'),
    parameters: own,
    carried: [],
    load: (weights) => own.forEach(({ name, values }) => values.set(weights.get(name)!.values)),
    save: (weights) =>
      own.forEach(({ name, shape, values }) => weights.set(name, { shape, values: values.slice() })),
    refresh() {},
    reset() {},
    forward: (_, [scores]) => scores!,
    backward: (_, dy) => [dy],
  };
}
