import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { OnnxValue } from './read-onnx.ts';

/** A shape that an input may have here, one sequence at a time; −1 is its steps, where they are an axis of it. */
export type InputShape = Pick<ProgramSpec['input'], 'shape' | 'steps'>;

/** @returns what an input can be, the likeliest first; which one it is, the operators tell */
export function listInputShapes(
  { name, shape, sizes, type }: OnnxValue,
  said: readonly number[] | undefined,
  runs: 'step' | 'sequence' | null,
): InputShape[] {
  if (said) {
    if (said.filter((size) => size === -1).length > 1) invalidModel(`graph.shapes.${name}: more than one −1`);
    if (runs === 'step' && said.includes(-1)) invalidModel(`graph.shapes.${name}: a step has no −1`);
    return [{ shape: [...said] }];
  }
  const open = shape.flatMap((size, i) => (size === null ? [i] : []));
  const ids = type === 6 || type === 7;
  const asStep = (): InputShape => {
    // one number a step where the steps are an axis of their own, else the last axis is what a step has
    if (!ids && open.includes(shape.length - 1))
      return invalidModel(
        `the input ${quote(name)} is [${shape.map((size) => size ?? '?').join(', ')}]: how many numbers a step has must be said in model.json, graph.shapes`,
      );
    return { shape: shape.map((size) => size ?? 1) };
  };
  if (runs === 'step') return [asStep()];
  const features = ids ? shape.length : shape.length - 1;
  const along = (axis: number): InputShape => ({
    shape: shape.map((size, i) =>
      i === axis
        ? -1
        : i < features
          ? size === null
            ? 1
            : i === axis
              ? -1
              : size
          : (size ?? asStep().shape[i]!),
    ),
    ...(shape[axis] !== null && { steps: shape[axis]! }),
  });
  const axes = Array.from({ length: Math.max(0, features) }, (_, i) => i).filter((i) => shape[i] !== 1);
  const batch = /^(b|n|batch.*|.*batch|bs)$/i;
  const time = /(seq|time|step|len|frame|^t$|^s$)/i;
  const likely = (axis: number): number =>
    (time.test(sizes[axis] ?? '') ? 4 : 0) - (batch.test(sizes[axis] ?? '') ? 4 : 0) + (axis === 1 ? 1 : 0);
  const candidates = axes.toSorted((a, b) => likely(b) - likely(a)).map(along);
  if (runs === 'sequence' && candidates.length > 0) return candidates;
  // a vector by itself is a step: no state, no steps
  return ids || features > 1 || open.length === 0 ? [...candidates, asStep()] : [asStep(), ...candidates];
}
