import { createEventSource, type EventSource } from '../engine/event-source.ts';
import { UnrollError } from '../errors.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { AnyModel, ServedModel } from '../repository/repository-interface.ts';
import type { TaskContext } from './context.ts';
import { listTensors } from './list-tensors.ts';

// A request acquires its model once. The lease keeps the version loaded until the reply is made, and the
// version counts the request.

export interface ModelRequest {
  /** `name`, `name@version` or `name@alias`. */
  readonly reference: string;
  /** Null for any task. */
  readonly task: ModelSpec['task'] | null;
}

/**
 * Runs `work` with a model leased that runs on sequences.
 * @throws UnrollError model_not_found, model_not_ready, no_sequence_view, wrong_task, and whatever `work` throws
 */
export const withModel = <T>(
  context: Pick<TaskContext, 'repository'>,
  { reference, task }: ModelRequest,
  work: (model: ServedModel) => Promise<T>,
): Promise<T> =>
  withLease(context, reference, (model) => {
    checkTask(model, task);
    return () => work(model);
  });

/** The same with any model. @throws UnrollError model_not_found, model_not_ready, and whatever `work` throws */
export const withAnyModel = <T>(
  context: Pick<TaskContext, 'repository'>,
  reference: string,
  work: (model: AnyModel) => Promise<T>,
): Promise<T> => withLease(context, reference, (model) => () => work(model));

/** @param prepare checks the model. @returns what is counted as a request to it */
async function withLease<T>(
  { repository }: Pick<TaskContext, 'repository'>,
  reference: string,
  prepare: (model: AnyModel) => () => Promise<T>,
): Promise<T> {
  const lease = repository.acquire(reference);
  try {
    const work = prepare(lease.model);
    const count = lease.model.statistics.startRequest();
    let completed = false;
    try {
      const result = await work();
      completed = true;
      return result;
    } finally {
      count(completed);
    }
  } finally {
    lease.release();
  }
}

/**
 * The same for a stream of events: the model is leased until all of it is read or the reader leaves.
 * @param open begins the work. @throws UnrollError model_not_found, model_not_ready, and whatever `open` throws
 */
export async function openWithModel<E, T>(
  { repository }: Pick<TaskContext, 'repository'>,
  { reference, task }: ModelRequest,
  open: (model: ServedModel) => Promise<EventSource<E>> | EventSource<E>,
  format: (event: E, model: ServedModel) => T,
): Promise<EventSource<T>> {
  let lastMs = performance.now();
  const lease = repository.acquire(reference);
  let count: ((completed: boolean) => void) | null = null;
  let closed = false;
  let failed = false;
  const end = (completed: boolean): void => {
    if (closed) return;
    closed = true;
    count?.(completed);
    lease.release();
  };
  try {
    const { model } = lease;
    checkTask(model, task);
    const { statistics } = model;
    count = statistics.startRequest();
    const source = await open(model);
    let first = true;
    // the lease must outlive every sequence
    const close = (completed: boolean): Promise<void> | void => {
      const closing = source.close();
      if (!closing) return end(completed);
      return closing.finally(() => end(completed));
    };
    return createEventSource({
      take() {
        try {
          const event = source.take();
          if (event === null) {
            if (source.ended) end(!failed);
            return null;
          }
          const now = performance.now();
          statistics.recordEvent(now - lastMs, first);
          lastMs = now;
          first = false;
          const formatted = format(event, model);
          if (formatted instanceof Promise) formatted.catch(() => (failed = true));
          return formatted;
        } catch (error) {
          void close(false);
          throw error;
        }
      },
      ended: () => source.ended,
      listen: (ready) => source.listen(ready),
      close: () => close(source.ended && !failed),
    });
  } catch (error) {
    end(false);
    throw error;
  }
}

/** @throws UnrollError no_sequence_view */
export function requireSequence(model: AnyModel): asserts model is ServedModel {
  if (model.spec === null)
    throw new UnrollError(
      'no_sequence_view',
      `model: ${model.name} takes and gives tensors only: POST /v2/models/${model.name}/infer with ${listTensors(model.graph.signature.inputs)}. It runs on no sequences because ${model.reason}`,
      { field: 'model' },
    );
}

/** @throws UnrollError no_sequence_view, wrong_task */
function checkTask(model: AnyModel, task: ModelSpec['task'] | null): asserts model is ServedModel {
  requireSequence(model);
  if (task !== null && model.spec.task !== task)
    throw new UnrollError(
      'wrong_task',
      `model: ${model.name} answers ${model.spec.task}, not ${task}: POST /v1/models/${model.name}/${model.spec.task}`,
      { field: 'model' },
    );
}
