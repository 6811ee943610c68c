import { UnrollError } from '../errors.ts';
import type { ServedSpec } from '../repository/loader-messages.ts';
import type { TextToken } from '../vocabulary/split.ts';

/** A sequence of ids or features, and the tokens of its steps, if any. */
interface Steps {
  readonly values: Int32Array | Float32Array;
  readonly steps: number;
  readonly tokens: readonly TextToken[];
}

/**
 * Leaves out the steps that are padding, which the network was trained to pass over: those with the padding's id,
 * or of which every value is the padding's.
 * @throws UnrollError empty_input when nothing else is left
 */
export function dropPadding<Sequence extends Steps>(
  sequence: Sequence,
  { inputs, padding }: Pick<ServedSpec, 'inputs' | 'padding'>,
  field: string,
): Sequence {
  if (padding === undefined) return sequence;
  const { values, steps } = sequence;
  const width = values.length / steps;
  const row =
    inputs.kind === 'text'
      ? [padding]
      : inputs.features.map(({ mean, scale }) => Math.fround((padding - mean) / scale));
  const isKept = (step: number): boolean => row.some((value, k) => values[step * width + k] !== value);
  const kept = Array.from({ length: steps }, (_, step) => step).filter(isKept);
  if (kept.length === steps) return sequence;
  if (kept.length === 0) throw new UnrollError('empty_input', `${field}: every step is padding`, { field });
  const left = values.slice(0, kept.length * width);
  kept.forEach((step, i) => left.set(values.subarray(step * width, (step + 1) * width), i * width));
  const { tokens } = sequence;
  return {
    ...sequence,
    values: left,
    steps: kept.length,
    tokens: tokens.length === steps ? kept.map((step) => tokens[step]!) : tokens,
  };
}
