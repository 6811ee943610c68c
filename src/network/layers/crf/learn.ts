import type { BuildContext, LearningLayer } from '../../learning/layer.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { CrfNode, CrfTensors } from './crf.ts';

/** transitions [from, to], start and end [labels] */
interface Chain {
  readonly transitions: Float32Array;
  readonly start: Float32Array;
  readonly end: Float32Array;
}

/** A label chain in training. Its rows are its input's scores; the loss adds the transitions. */
export interface LearningCrf extends LearningLayer {
  /** Views: they change as it learns. */
  readonly crf: Chain & { readonly labels: number };
  /** ∂L/∂ each of its numbers. */
  readonly gradient: Chain;
}

export const learn: LayerLearning<CrfNode> = {
  create: (context, { tensors, width }) => learningCrf(context, tensors, { labels: width }),
};

function learningCrf(
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
  const chain = (which: 'values' | 'gradient'): Chain => ({
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
