import { UnrollError } from '../errors.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { TaskContext } from './context.ts';

// A request acquires its model once. The lease keeps the version loaded until the reply is made, and the
// version counts the request.

export interface ModelRequest {
  /** `name` or `name@version`. */
  readonly reference: string;
  /** Null for any task. */
  readonly task: ModelSpec['task'] | null;
}

/**
 * Runs `work` with the model leased.
 * @throws UnrollError model_not_found, model_not_ready, wrong_task, and whatever `work` throws
 */
export async function withModel<T>(
  { repository }: Pick<TaskContext, 'repository'>,
  { reference, task }: ModelRequest,
  work: (model: ServedModel) => Promise<T>,
): Promise<T> {
  const lease = repository.acquire(reference);
  try {
    checkTask(lease.model, task);
    const count = lease.model.statistics.startRequest();
    let completed = false;
    try {
      const result = await work(lease.model);
      completed = true;
      return result;
    } finally {
      count(completed);
    }
  } finally {
    lease.release();
  }
}

/** The same for a stream of events: the model is leased until the last one is read or the reader leaves. */
export async function* streamWithModel<E, T>(
  { repository }: Pick<TaskContext, 'repository'>,
  { reference, task }: ModelRequest,
  work: (model: ServedModel) => AsyncIterable<E>,
  format: (event: E, model: ServedModel) => T | Promise<T>,
): AsyncGenerator<T> {
  const lease = repository.acquire(reference);
  try {
    checkTask(lease.model, task);
    const count = lease.model.statistics.startRequest();
    let completed = false;
    try {
      for await (const event of work(lease.model)) yield format(event, lease.model);
      completed = true;
    } finally {
      count(completed);
    }
  } finally {
    lease.release();
  }
}

/** @throws UnrollError wrong_task */
function checkTask(model: ServedModel, task: ModelSpec['task'] | null): void {
  if (task !== null && model.spec.task !== task)
    throw new UnrollError(
      'wrong_task',
      `model: ${model.name} answers ${model.spec.task}, not ${task}: POST /v1/models/${model.name}/${model.spec.task}`,
      { field: 'model' },
    );
}
