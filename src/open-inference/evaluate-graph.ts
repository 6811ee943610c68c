import type { GraphHandle } from '../engine/engine-interface.ts';
import type { TensorValues } from '../network/signed-graph/graph-evaluator.ts';
import type { ModelStatistics } from '../repository/model-statistics.ts';
import { longNumberBytes } from '../tasks/budgets.ts';
import type { Deadlines, TaskContext } from '../tasks/context.ts';
import { runSequences } from '../tasks/run-sequences.ts';
import { createTimeSlice } from '../time-slice.ts';
import { findOutputs, readGraphInputs, toWireTensor } from './graph-tensors.ts';
import type { WireTensor } from './tensor.ts';

/** Bytes of the widest element in binary. */
const maxBinaryBytes = 8;

/**
 * Evaluates a graph once, with its file's tensors in and out.
 * @param requested outputs, all by default; `binary` says whether all of them are sent in binary
 * @throws UnrollError invalid_request, input_mismatch, work_too_large, reply_too_large, deadline_exceeded …
 */
export async function evaluateGraph(
  context: Pick<TaskContext, 'engine' | 'limits'>,
  call: Deadlines,
  graph: GraphHandle,
  {
    inputs,
    outputs,
    binary,
  }: {
    readonly inputs: readonly WireTensor[];
    readonly outputs?: readonly { readonly name: string }[] | undefined;
    readonly binary: boolean;
  },
  statistics: Pick<ModelStatistics, 'recordTensors'>,
): Promise<WireTensor[]> {
  const { signature } = graph;
  const startMs = performance.now();
  const slice = createTimeSlice(call.signal);
  const places = findOutputs(signature, outputs);
  const values = await readGraphInputs(signature, inputs, slice);
  const readMs = performance.now() - startMs;
  const evaluation = {
    network: graph,
    inputs: values,
    outputs: places,
    maxOutputElements: Math.floor(context.limits.maxReplyBytes / (binary ? maxBinaryBytes : longNumberBytes)),
  };
  const [evaluated] = await runSequences(context, call, [evaluation], () => {
    let tensors: readonly TensorValues[] = [];
    return {
      push: (event) => {
        if (event.kind === 'tensors') ({ tensors } = event);
      },
      end: () => tensors,
    };
  });
  const answeredMs = performance.now();
  const result: WireTensor[] = [];
  for (const [i, place] of places.entries())
    result.push(await toWireTensor(signature.outputs[place]!, evaluated!.result[i]!, slice));
  statistics.recordTensors(readMs, performance.now() - answeredMs);
  return result;
}
