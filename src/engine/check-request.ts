import { UnrollError } from '../errors.ts';
import type { DecodeOptions } from '../decoding/search.ts';
import type { NetworkInfo } from './network-info.ts';

/**
 * A worker trusts what it is sent, so all of it is checked here.
 * @returns the input's steps
 * @throws UnrollError empty_input, sequence_too_long, input_mismatch
 */
export function checkRequest(
  request: {
    readonly input: Int32Array | Float32Array;
    readonly generation?: unknown;
    readonly decode?: Pick<DecodeOptions, 'mode' | 'beamSize'> | undefined;
  },
  info: NetworkInfo,
): number {
  const { input, generation, decode } = request;
  const { inputWidth, outputWidth, vocabulary, idColumns, maxSteps, causal } = info;
  const takesIds = inputWidth === 0;
  if (takesIds !== input instanceof Int32Array)
    throw new UnrollError('input_mismatch', `the network reads ${takesIds ? 'ids' : 'rows of numbers'}`);
  const width = takesIds ? idColumns.length : inputWidth;
  const steps = Math.ceil(input.length / width);
  if (input.length % width !== 0)
    throw new UnrollError(
      'input_mismatch',
      `a step has ${width} ${takesIds ? 'ids' : 'numbers'}, the input has ${input.length}`,
    );
  if (steps === 0) throw new UnrollError('empty_input', 'the input has no steps');
  if (steps > maxSteps)
    throw new UnrollError('sequence_too_long', `the input has ${steps} steps, the limit is ${maxSteps}`);
  if ((decode !== undefined) !== info.maxBeam > 0)
    throw new UnrollError('wrong_task', 'encoder-decoders decode, and nothing else does');
  if (decode?.mode === 'beam' && decode.beamSize > info.maxBeam)
    throw new UnrollError(
      'invalid_request',
      `beam_size: at most ${info.maxBeam} here (UNROLL_SLOTS), was ${decode.beamSize}`,
      { field: 'beam_size' },
    );
  if (generation && !(takesIds && causal && outputWidth === vocabulary))
    throw new UnrollError('wrong_task', 'only a causal network from ids to as many logits can generate');
  if (!takesIds) return steps;
  const stranger = input.findIndex((id, at) => id < 0 || id >= idColumns[at % width]!);
  if (stranger >= 0)
    throw new UnrollError(
      'input_mismatch',
      `id ${input[stranger]} is not in a vocabulary of ${idColumns[stranger % width]}`,
    );
  return steps;
}
