import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { isOutOfDescriptors, UnrollError } from '../../errors.ts';
import { MemoryFull } from '../../kernel/memory.ts';
import { runTraining } from './run.ts';
import type { RunMessage, RunRequest, RunCommand } from './run-messages.ts';

// Runs a training job in its own thread, with a lower priority than the serving threads.

/**
 * The lowest priority. On Linux it applies to this thread alone, and is inherited by threads that it starts.
 */
setPriority(19);
const port = parentPort!;
const send = (message: RunMessage): void => port.postMessage(message);
let command: RunCommand['kind'] | null = null;
port.on('message', ({ kind }: RunCommand) => (command = kind));

try {
  await runTraining(workerData as RunRequest, { send, command: () => command });
} catch (error) {
  send({ kind: 'failed', ...toFailure(error) });
} finally {
  port.close();
}

function toFailure(error: unknown): Omit<Extract<RunMessage, { kind: 'failed' }>, 'kind'> {
  if (error instanceof UnrollError) return { code: error.code, message: error.message };
  if (error instanceof MemoryFull)
    return {
      code: 'out_of_memory',
      message: `${error.message}: try a smaller batch_size, max_steps or network`,
    };
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
    return { code: 'disk_full', message: 'the disk is full: no checkpoint could be written' };
  if (isOutOfDescriptors(error))
    return { code: 'too_many_open_files', message: 'the server has no file descriptor left (ulimit -n)' };
  return {
    code: 'internal',
    message: 'the training failed inside the server; see the server log under this job id',
    stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
