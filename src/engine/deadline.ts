import { UnrollError } from '../errors.ts';

/** setTimeout's own limit; what waits longer is looked at again then. */
const longestTimer = 2 ** 31 - 1;

export interface Deadline {
  /** On the clock of performance.now(): nobody sets that one. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws UnrollError cancelled or deadline_exceeded, when it is too late already */
export function checkDeadline({ deadlineMs, signal }: Deadline): void {
  if (signal?.aborted) throw cancelled();
  if (deadlineMs <= performance.now()) throw deadlineExceeded();
}

/** Calls `end` once, when the caller goes away or the deadline passes: at once if it has. @returns stops watching */
export function watchDeadline(
  { deadlineMs, signal }: Deadline,
  end: (error: UnrollError) => void,
): () => void {
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const left = deadlineMs - performance.now();
    if (left <= 0) {
      stop();
      end(deadlineExceeded());
    } else timer = setTimeout(look, Math.min(longestTimer, Math.ceil(left)));
  };
  const aborted = (): void => {
    stop();
    end(cancelled());
  };
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  };
  if (signal?.aborted) {
    end(cancelled());
    return () => {};
  }
  signal?.addEventListener('abort', aborted, { once: true });
  look();
  return stop;
}

export const deadlineExceeded = (detail = 'the deadline has passed'): UnrollError =>
  new UnrollError('deadline_exceeded', detail);
export const cancelled = (): UnrollError => new UnrollError('cancelled', 'the caller went away');
