import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UnrollError } from '../../errors.ts';
import { MemoryFull } from '../../kernel/memory.ts';
import { measureModels, type MeasuredModels, type MeasureRequest } from './measure-models.ts';

// Measures two models in its own thread, with the lowest priority, as a training run has.

/** What the thread sends, once. */
export type MeasureReply = { readonly measured: MeasuredModels } | { readonly reason: string };

setPriority(19);
const reply = await measureModels(workerData as MeasureRequest).then(
  (measured): MeasureReply => ({ measured }),
  (error: unknown): MeasureReply => ({ reason: toReason(error) }),
);
parentPort!.postMessage(reply);

function toReason(error: unknown): string {
  if (error instanceof UnrollError) return error.message;
  if (error instanceof MemoryFull) return 'measuring it takes more memory than UNROLL_TRAINING_MEMORY_MB';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it has no model.json with weights.safetensors, as an imported file has not';
  return `it cannot be measured: ${error instanceof Error ? error.message : String(error)}`;
}
