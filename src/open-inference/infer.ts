import type { ServedModel } from '../repository/repository-interface.ts';
import { longestTextBytes, numberBytes } from '../tasks/budgets.ts';
import type { Call, TaskContext } from '../tasks/context.ts';
import { predictionShape } from '../tasks/predict.ts';
import { createTimeSlice } from '../time-slice.ts';
import { readTensors } from './read-tensors.ts';
import { runTask } from './run-task.ts';
import { tensorNames } from './tensor-names.ts';
import type { WireTensor } from './tensor.ts';

// Tensors in and out of any model, as the Open Inference Protocol has them. A batch of sequences of different
// lengths is a tensor as long as the longest sequence, with `lengths` beside it: values past a sequence's
// length are not read, and are 0 or '' in outputs.

export interface InferRequest {
  readonly inputs: readonly WireTensor[];
  /** Whether numbers are sent in binary, which takes a third of the bytes of JSON. */
  readonly binary: boolean;
  /** Fields of `generate` or `decode`: max_tokens, seed, beam_size … */
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Runs the task of the call's model on tensors.
 * @throws UnrollError invalid_request for tensors that do not fit the model's signature, and whatever the
 * task throws
 */
export async function infer(
  context: TaskContext,
  call: Call,
  { inputs, binary, settings }: InferRequest,
): Promise<WireTensor[]> {
  const { model } = call;
  const startMs = performance.now();
  const { toNative, toSource } = tensorNames(model.spec);
  const native = inputs.map((input) => ({ ...input, name: toNative(input.name) }));
  const input = await readTensors(model, native, context.limits, createTimeSlice(call.signal));
  const readMs = performance.now();
  const withBudget = { ...call, replyBytes: estimateReply(model, binary ? maxBinaryBytes : numberBytes) };
  const toTensors = await runTask(context, withBudget, input, settings);
  const answeredMs = performance.now();
  const outputs = await toTensors();
  model.statistics.recordTensors(readMs - startMs, performance.now() - answeredMs);
  return outputs.map((output) => ({ ...output, name: toSource(output.name) }));
}

/** Bytes of a token and of its two places in JSON, about: the texts together are no longer than the body. */
const tokenBytes = 24;
/** Bytes of a number in binary: the lengths are INT64. */
const maxBinaryBytes = 8;

/**
 * Bytes of a reply of tensors: the numbers, the labels, and the values that fill shorter sequences up to the
 * longest. Undefined for texts, which the task counts itself.
 */
function estimateReply(model: ServedModel, bytesPerNumber: number): Call['replyBytes'] {
  const { spec, network } = model;
  const width = network.info.outputWidth;
  const label = longestTextBytes(spec.outputs.labels ?? []);
  switch (spec.task) {
    case 'classify':
      return ({ length }) => length * (width * bytesPerNumber + label);
    case 'tag': {
      // a score, a text of the input, where it starts and where it ends
      const perStep = bytesPerNumber + label + (spec.inputs.kind === 'text' ? tokenBytes : 0);
      return (steps) => steps.length * Math.max(...steps) * perStep;
    }
    case 'predict': {
      const { perStep } = predictionShape(model);
      return (steps) => steps.length * (perStep ? Math.max(...steps) : 1) * width * bytesPerNumber;
    }
    default:
      return undefined;
  }
}
