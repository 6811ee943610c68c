import { UnrollError } from '../errors.ts';
import type { NetworkInfo } from './network-info.ts';

/**
 * A worker trusts what it is sent, so all of it is checked here.
 * @throws UnrollError empty_input, sequence_too_long, input_mismatch
 */
export function checkRequest(
  request: { readonly input: Int32Array | Float32Array; readonly generation?: unknown },
  info: NetworkInfo,
): void {
  const { input, generation } = request;
  const { inputWidth, outputWidth, vocabulary, maxSteps, causal } = info;
  const takesIds = inputWidth === 0;
  if (takesIds !== input instanceof Int32Array)
    throw new UnrollError('input_mismatch', `the network reads ${takesIds ? 'ids' : 'rows of numbers'}`);
  if (!takesIds && input.length % inputWidth !== 0)
    throw new UnrollError(
      'input_mismatch',
      `a step has ${inputWidth} numbers, the input has ${input.length}`,
    );
  const steps = takesIds ? input.length : input.length / inputWidth;
  if (steps === 0) throw new UnrollError('empty_input', 'the input has no steps');
  if (steps > maxSteps)
    throw new UnrollError('sequence_too_long', `the input has ${steps} steps, the limit is ${maxSteps}`);
  if (generation && !(takesIds && causal && outputWidth === vocabulary))
    throw new UnrollError('wrong_task', 'only a causal network from ids to as many logits can generate');
  if (!takesIds) return;
  const stranger = input.findIndex((id) => id < 0 || id >= vocabulary);
  if (stranger >= 0)
    throw new UnrollError('input_mismatch', `id ${input[stranger]} is not in a vocabulary of ${vocabulary}`);
}
