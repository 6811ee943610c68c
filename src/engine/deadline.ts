import { UnrollError } from '../errors.ts';
import { onAbort } from '../on-abort.ts';

/** The maximum delay of setTimeout; a later deadline is checked again then. */
const maxTimerMs = 2 ** 31 - 1;

/** When a request ends at the latest. */
export interface Deadline {
  /** Milliseconds on the clock of performance.now(), which is never adjusted. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @throws UnrollError cancelled when the caller has disconnected; deadline_exceeded when the deadline has
 * passed
 */
export function checkDeadline({ deadlineMs, signal }: Deadline): void {
  if (signal?.aborted) throw cancelled();
  if (deadlineMs <= performance.now()) throw deadlineExceeded();
}

/**
 * Calls `end` once, when the caller disconnects or the deadline passes.
 * @returns a function that stops watching
 */
export function watchDeadline(
  { deadlineMs, signal }: Deadline,
  end: (error: UnrollError) => void,
): () => void {
  let timer: NodeJS.Timeout;
  const check = (): void => {
    const remainingMs = deadlineMs - performance.now();
    if (remainingMs <= 0) {
      stop();
      end(deadlineExceeded());
    } else timer = setTimeout(check, Math.min(maxTimerMs, Math.ceil(remainingMs)));
  };
  if (signal?.aborted) {
    end(cancelled());
    return () => {};
  }
  const stopListening =
    signal &&
    onAbort(signal, () => {
      stop();
      end(cancelled());
    });
  const stop = (): void => {
    clearTimeout(timer);
    stopListening?.();
  };
  check();
  return stop;
}

export const deadlineExceeded = (detail = 'the deadline has passed'): UnrollError =>
  new UnrollError('deadline_exceeded', detail);
export const cancelled = (): UnrollError => new UnrollError('cancelled', 'the caller disconnected');
