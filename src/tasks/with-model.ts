import { UnrollError } from '../errors.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Call, TaskContext } from './context.ts';

/** @throws UnrollError wrong_task */
function checkTask(model: ServedModel, task: ModelSpec['task'] | null): void {
  if (task !== null && model.spec.task !== task)
    throw new UnrollError(
      'wrong_task',
      `model: ${model.name} answers ${model.spec.task}, not ${task}: POST /v1/models/${model.name}/${model.spec.task}`,
      { field: 'model' },
    );
}

/** Runs `work` with the model held, so that a newer version cannot unload it. @param task null for any */
export async function withModel<T>(
  { repository }: TaskContext,
  { reference }: Call,
  task: ModelSpec['task'] | null,
  work: (model: ServedModel) => Promise<T>,
): Promise<T> {
  const lease = repository.acquire(reference);
  try {
    checkTask(lease.model, task);
    return await work(lease.model);
  } finally {
    lease.release();
  }
}

/** The same for a stream of events: the model is held until the last one is taken or the caller leaves. */
export async function* streamWithModel<T>(
  { repository }: TaskContext,
  { reference }: Call,
  task: ModelSpec['task'] | null,
  work: (model: ServedModel) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const lease = repository.acquire(reference);
  try {
    checkTask(lease.model, task);
    yield* work(lease.model);
  } finally {
    lease.release();
  }
}
