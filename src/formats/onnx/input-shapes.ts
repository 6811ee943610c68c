import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { OnnxValue } from './read-onnx.ts';

/** A possible shape of the input for one sequence; −1 is the axis of the steps, if there is one. */
export type InputShape = Pick<OperatorGraphSpec['input'], 'shape' | 'steps'>;

/**
 * Lists the possible shapes of an input, the most likely first. The caller tries which one the operators
 * accept.
 */
export function listInputShapes(
  { name, shape, sizes, type }: OnnxValue,
  given: readonly number[] | undefined,
  runs: 'step' | 'sequence' | null,
): InputShape[] {
  if (given) {
    if (given.filter((size) => size === -1).length > 1)
      invalidModel(`graph.shapes.${name}: contains more than one −1`);
    if (runs === 'step' && given.includes(-1))
      invalidModel(`graph.shapes.${name}: must not contain −1 when the graph runs per step`);
    return [{ shape: [...given] }];
  }
  const open = shape.flatMap((size, i) => (size === null ? [i] : []));
  const ids = type === 6 || type === 7;
  const asStep = (): InputShape => {
    // the last axis has a step's numbers, so its size must be known; ids may be one number per step
    if (!ids && open.includes(shape.length - 1))
      return invalidModel(
        `the input ${quote(name)} is [${shape.map((size) => size ?? '?').join(', ')}]: set the number of values per step in model.json, graph.shapes`,
      );
    return { shape: shape.map((size) => size ?? 1) };
  };
  if (runs === 'step') return [asStep()];
  const features = ids ? shape.length : shape.length - 1;
  const withStepsAlong = (axis: number): InputShape => ({
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
  const rank = (axis: number): number =>
    (time.test(sizes[axis] ?? '') ? 4 : 0) - (batch.test(sizes[axis] ?? '') ? 4 : 0) + (axis === 1 ? 1 : 0);
  const candidates = axes.toSorted((a, b) => rank(b) - rank(a)).map(withStepsAlong);
  if (runs === 'sequence' && candidates.length > 0) return candidates;
  // a single vector without states is most likely one step
  return ids || features > 1 || open.length === 0 ? [...candidates, asStep()] : [asStep(), ...candidates];
}
