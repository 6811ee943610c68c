import { UnrollError } from '../errors.ts';
import type { DecodeOptions } from '../decoding/search.ts';
import type { NetworkInfo } from './network-info.ts';

/**
 * Validates a request before it is sent to a worker, which does not validate it again.
 * @returns the input's steps
 * @throws UnrollError empty_input, sequence_too_long; input_mismatch for a wrong kind, width or id;
 * wrong_task for options that the network does not support; invalid_request for a beam that is too wide
 */
export function checkRequest(
  request: {
    readonly input: Int32Array | Float32Array;
    readonly generation?: unknown;
    readonly decode?: Pick<DecodeOptions, 'mode' | 'beamSize'> | undefined;
    readonly from?: Float32Array | undefined;
    readonly keepState?: boolean | undefined;
  },
  info: NetworkInfo,
): number {
  const { input, generation, decode, from, keepState } = request;
  const { inputWidth, outputWidth, vocabulary, idColumns, maxSteps, causal } = info;
  const readsIds = inputWidth === 0;
  if (readsIds !== input instanceof Int32Array)
    throw new UnrollError(
      'input_mismatch',
      `input: must be ${readsIds ? 'ids' : 'rows of numbers'} for this network`,
    );
  const width = readsIds ? idColumns.length : inputWidth;
  const steps = Math.ceil(input.length / width);
  if (input.length % width !== 0)
    throw new UnrollError(
      'input_mismatch',
      `input: must be a multiple of ${width} ${readsIds ? 'ids' : 'numbers'}, was given ${input.length}`,
    );
  if (steps === 0 && !(decode && from))
    throw new UnrollError('empty_input', 'input: must have at least one step');
  if (steps > maxSteps)
    throw new UnrollError('sequence_too_long', `input: at most ${maxSteps} steps, was given ${steps}`);
  if ((decode !== undefined) !== info.maxBeam > 0)
    throw new UnrollError('wrong_task', 'only encoder-decoders decode, and they support no other task');
  if (decode?.mode === 'beam' && decode.beamSize > info.maxBeam)
    throw new UnrollError(
      'invalid_request',
      `beam_size: at most ${info.maxBeam} (UNROLL_SLOTS), was ${decode.beamSize}`,
      { field: 'beam_size' },
    );
  if (decode && from) return checkMemory(from, input, info);
  if ((from || keepState) && !causal && !decode)
    throw new UnrollError('wrong_task', 'only a causal network has a state between steps');
  if (from && !decode && from.length !== info.stateFloats)
    throw new UnrollError(
      'input_mismatch',
      `state: this network has ${info.stateFloats} numbers of state, was given ${from.length}`,
      { field: 'state' },
    );
  if (generation && !(readsIds && causal && outputWidth === vocabulary))
    throw new UnrollError(
      'wrong_task',
      'only a causal network whose logits cover its input ids can generate',
    );
  if (!readsIds) return steps;
  const unknown = input.findIndex((id, at) => id < 0 || id >= idColumns[at % width]!);
  if (unknown >= 0)
    throw new UnrollError(
      'input_mismatch',
      `input: id ${input[unknown]} is not in a vocabulary of ${idColumns[unknown % width]}`,
    );
  return steps;
}

/**
 * Validates a source that was read before [steps, memoryWidth].
 * @returns its steps
 */
function checkMemory(
  { length }: Float32Array,
  input: Int32Array | Float32Array,
  { memoryWidth, maxSteps }: NetworkInfo,
): number {
  const steps = length / memoryWidth;
  if (Number.isInteger(steps) && steps >= 1 && steps <= maxSteps && input.length === 0) return steps;
  throw new UnrollError(
    'input_mismatch',
    `state: must be ${memoryWidth} numbers for each of 1 to ${maxSteps} steps of a source, and no input beside it, was ${length}`,
    { field: 'state' },
  );
}
