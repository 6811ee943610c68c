import { UnrollError } from '../errors.ts';
import type { Weights } from './weights.ts';

/**
 * Checks that the weights are exactly the tensors of a network.
 * @param owners the tensors, with the layers that read them
 * @throws UnrollError invalid_weights, naming the layer, the tensor, the expected shape and the given one
 */
export function checkTensors(
  owners: readonly (readonly [owner: string, tensors: readonly (readonly [string, readonly number[]])[]])[],
  weights: Weights,
): void {
  const expected = new Set<string>();
  const shown = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
  for (const [owner, tensors] of owners)
    for (const [name, shape] of tensors) {
      expected.add(name);
      const tensor = weights.get(name);
      const where = `${owner}: tensor ${name}`;
      if (!tensor) throw new UnrollError('invalid_weights', `${where} ${shown(shape)} is missing`);
      if (shown(tensor.shape) !== shown(shape))
        throw new UnrollError(
          'invalid_weights',
          `${where} must be ${shown(shape)}, is ${shown(tensor.shape)}`,
        );
    }
  const surplus = [...weights.keys()].filter((name) => !expected.has(name));
  if (surplus.length > 0)
    throw new UnrollError(
      'invalid_weights',
      `${surplus.length} tensors belong to no layer: ${surplus.slice(0, 5).join(', ')}${surplus.length > 5 ? ', …' : ''}`,
    );
}
