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

const count = ({ statistics }: ServedModel, { counted }: Call): ((ok: boolean) => void) =>
  counted === true ? () => {} : statistics.startRequest();

/** Runs `work` with the model held, so that a newer version cannot unload it. @param task null for any */
export async function withModel<T>(
  { repository }: TaskContext,
  call: Call,
  task: ModelSpec['task'] | null,
  work: (model: ServedModel) => Promise<T>,
): Promise<T> {
  const lease = repository.acquire(call.reference);
  try {
    checkTask(lease.model, task);
    const answered = count(lease.model, call);
    let whole = false;
    try {
      const answer = await work(lease.model);
      whole = true;
      return answer;
    } finally {
      answered(whole);
    }
  } finally {
    lease.release();
  }
}

/** The same for a stream of events: the model is held until the last one is taken or the caller leaves. */
export async function* streamWithModel<T>(
  { repository }: TaskContext,
  call: Call,
  task: ModelSpec['task'] | null,
  work: (model: ServedModel) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const lease = repository.acquire(call.reference);
  try {
    checkTask(lease.model, task);
    const answered = count(lease.model, call);
    let whole = false;
    try {
      yield* work(lease.model);
      whole = true;
    } finally {
      answered(whole);
    }
  } finally {
    lease.release();
  }
}
