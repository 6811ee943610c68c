import type { DirectionTensors } from '../../../cells/weights.ts';
import { padded } from '../../../kernel/layout.ts';
import { activeRows } from '../layer.ts';
import type { RecurrentSpec } from './schema.ts';
import { learningConcat } from '../combine/learn.ts';
import type { Block, BuildContext, LearningLayer, LearningRecurrent } from '../../learning/layer.ts';
import { learningRecurrent } from './learn-direction.ts';

/** Both directions of a recurrent layer, merged. */
export interface LearningBidirectional extends LearningLayer {
  readonly directions: readonly [forward: LearningRecurrent, backward: LearningRecurrent];
}

export function learnBidirectional(
  context: BuildContext,
  name: string,
  tensors: { forward: DirectionTensors; backward: DirectionTensors },
  shape: { layer: RecurrentSpec; inner: number; mergeAtFirstStep: boolean },
): LearningBidirectional {
  const { units, merge } = shape.layer;
  const direction = (which: 'forward' | 'backward'): LearningRecurrent =>
    learningRecurrent(context, `${name} ${which}`, tensors[which], { ...shape, direction: which });
  const forward = direction('forward');
  const backward = direction('backward');
  const both = [forward, backward] as const;
  const merged =
    merge === 'concat' ? learningConcat(context, [units, units]) : elementwise(context, merge, units);
  const ended = shape.mergeAtFirstStep ? learnRepeatedFirst(context, units) : null;
  const dx = context.allocate(context.capacity.packed * padded(shape.inner));

  return {
    width: merged.width,
    directions: both,
    parameters: both.flatMap(({ parameters }) => parameters),
    // a bidirectional network reads whole sequences: no state is carried over
    carried: [],
    load: (weights) => both.forEach((layer) => layer.load(weights)),
    save: (weights) => both.forEach((layer) => layer.save(weights)),
    refresh: () => both.forEach((layer) => layer.refresh()),
    reset: () => both.forEach((layer) => layer.reset()),
    forward(pass, inputs) {
      for (const layer of both) layer.reset();
      const rows = both.map((layer) => layer.forward(pass, inputs));
      if (ended) rows[1] = ended.forward(pass, [rows[1]!]);
      return merged.forward(pass, rows);
    },
    backward(pass, dy) {
      const slopes = [...merged.backward(pass, dy)];
      if (ended) [slopes[1]] = ended.backward(pass, slopes[1]!) as [Block];
      const parts = both.map((layer, index) => layer.backward(pass, slopes[index]!)[0]!.values);
      const length = pass.packed * padded(shape.inner);
      for (let i = 0; i < length; i++) dx.values[i] = parts[0]![i]! + parts[1]![i]!;
      return [dx];
    },
  };
}

/** y(t) = x(0); backward, x(0) receives dy of every step. */
function learnRepeatedFirst(
  { allocate, capacity }: BuildContext,
  width: number,
): Pick<LearningLayer, 'forward' | 'backward'> {
  const stride = padded(width);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  return {
    forward({ plan }, [x]) {
      for (let t = 0; t < plan.steps; t++)
        y.values.set(x!.values.subarray(0, activeRows(plan, t) * stride), plan.offsets[t]! * stride);
      return y;
    },
    backward({ plan, packed }, dy) {
      dx.values.fill(0, 0, packed * stride);
      for (let t = 0; t < plan.steps; t++) {
        const first = plan.offsets[t]! * stride;
        for (let i = 0; i < activeRows(plan, t) * stride; i++)
          dx.values[i] = dx.values[i]! + dy.values[first + i]!;
      }
      return [dx];
    },
  };
}

/** y = a + b, their mean, or their product. */
function elementwise(
  { allocate, capacity }: BuildContext,
  merge: 'sum' | 'ave' | 'mul',
  units: number,
): Pick<LearningLayer, 'width' | 'forward' | 'backward'> {
  const stride = padded(units);
  const y = allocate(capacity.packed * stride);
  const da = allocate(capacity.packed * stride);
  const db = merge === 'mul' ? allocate(capacity.packed * stride) : da;
  let read: readonly [Float32Array, Float32Array] = [y.values, y.values];
  const share = merge === 'ave' ? 0.5 : 1;

  return {
    width: units,
    forward({ packed }, [first, second]) {
      const [a, b] = (read = [first!.values, second!.values]);
      for (let i = 0; i < packed * stride; i++)
        y.values[i] = merge === 'mul' ? a[i]! * b[i]! : Math.fround(a[i]! + b[i]!) * share;
      return y;
    },
    backward({ packed }, dy): Block[] {
      const [a, b] = read;
      for (let i = 0; i < packed * stride; i++) {
        const slope = dy.values[i]!;
        da.values[i] = merge === 'mul' ? slope * b[i]! : slope * share;
        if (merge === 'mul') db.values[i] = slope * a[i]!;
      }
      return [da, db];
    },
  };
}
