import { UnrollError } from '../../errors.ts';
import { modelSignature } from '../../open-inference/infer-any.ts';
import { listTensors } from '../../tasks/list-tensors.ts';
import { requireSequence } from '../../tasks/with-model.ts';
import type { TaskContext } from '../../tasks/context.ts';

/**
 * Refuses a body with inputs by name, which no task of /v1 takes, with the route that does and the model's own inputs:
 * the schema, which knows no model, would only miss `input`.
 * @throws UnrollError no_sequence_view, invalid_request; model_not_found, model_not_ready
 */
export function refuseNamedInputs(
  { repository }: Pick<TaskContext, 'repository'>,
  reference: string,
  body: unknown,
): void {
  // null is the same as leaving it out
  const { inputs = null } = (body ?? {}) as { readonly inputs?: unknown };
  if (inputs === null) return;
  const lease = repository.acquire(reference);
  const { model } = lease;
  try {
    requireSequence(model);
    throw new UnrollError(
      'invalid_request',
      `inputs: tasks of /v1 take one sequence, as input; ${listTensors(modelSignature(model).inputs)} by name: POST /v2/models/${model.name}/infer`,
      { field: 'inputs' },
    );
  } finally {
    lease.release();
  }
}
