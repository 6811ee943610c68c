import type { Runner } from '../../network/runner.ts';
import type { Slot } from './slot.ts';

/**
 * Writes the inputs of a planned tick into the runner's buffers.
 * @param steps of the first rows @param offsets packed index of each step's first row
 */
export function feedRows(
  { ids, features, inputWidth, idColumns, maxPacked }: Runner,
  slots: readonly Slot[],
  steps: readonly number[],
  offsets: Int32Array,
): void {
  steps.forEach((count, row) => {
    const { sequence, stepsFed, inputSteps, nextId, fedIds } = slots[row]!;
    const { input, keepState } = sequence;
    for (let t = 0; t < count; t++) {
      const at = offsets[t]! + row;
      const step = stepsFed + t;
      if (inputWidth > 0)
        features.set(input.subarray(step * inputWidth, (step + 1) * inputWidth), at * inputWidth);
      else if (step >= inputSteps) {
        ids[at] = nextId!;
        if (keepState) fedIds.push(nextId!);
      } else
        for (let column = 0; column < idColumns; column++)
          ids[column * maxPacked + at] = input[step * idColumns + column]!;
    }
  });
}
