import { UnrollError } from '../../../errors.ts';

/** Waits for a client that does not read as fast as it is answered. */
export interface SendGate {
  /** Resolves with `open`. @throws UnrollError reader_stalled when it takes too long */
  wait(): Promise<void>;
  open(): void;
  /** Fails the wait, if there is one. */
  fail(error: unknown): void;
}

/** @param stallMs the longest wait */
export function createSendGate(stallMs: number): SendGate {
  let waiting: PromiseWithResolvers<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const settle = (how: (one: PromiseWithResolvers<void>) => void): void => {
    const one = waiting;
    waiting = null;
    clearTimeout(timer);
    if (one) how(one);
  };
  const gate: SendGate = {
    wait() {
      waiting = Promise.withResolvers();
      timer = setTimeout(() => gate.fail(stalled(stallMs)), stallMs);
      return waiting.promise;
    },
    open: () => settle(({ resolve }) => resolve()),
    fail: (error) => settle(({ reject }) => reject(error)),
  };
  return gate;
}

const stalled = (ms: number): UnrollError =>
  new UnrollError('reader_stalled', `the answers were not read for ${ms} ms, and are no longer kept`);
