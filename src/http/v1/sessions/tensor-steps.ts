import { UnrollError } from '../../../errors.ts';
import { inferAny } from '../../../open-inference/infer-any.ts';
import type { ContinuedCall } from '../../../sessions/session-call.ts';
import type { TaskContext } from '../../../tasks/context.ts';
import { readInference, writeInference } from '../../v2/inference-body.ts';
import { requireTensorSteps } from '../../v2/sequence.ts';

/**
 * Steps of a session as named tensors, in and out as the Open Inference Protocol has them.
 * @throws UnrollError session_unsupported, invalid_request, and whatever the task throws
 */
export async function runTensorSteps(
  context: TaskContext,
  call: ContinuedCall,
  inputs: readonly unknown[],
): Promise<object> {
  const { model, signal } = call;
  const { name, version, spec } = model;
  if (spec.task === 'generate')
    throw new UnrollError('session_unsupported', `inputs: ${name} generates: give its text as input`, {
      field: 'inputs',
    });
  requireTensorSteps(model, 'inputs');
  const request = await readInference({ inputs }, undefined);
  const outputs = await inferAny(context, model, call, { ...request, settings: {} });
  const reply = await writeInference(
    { name, version, labels: spec.outputs.labels },
    request,
    outputs,
    signal,
  );
  if (!('json' in reply)) throw new UnrollError('internal', 'tensors of JSON are answered in JSON');
  const { outputs: tensors } = reply.json as { outputs: object[] };
  return { model: name, version, outputs: tensors };
}
