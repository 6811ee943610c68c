import type { Worker } from 'node:worker_threads';
import { UnrollError, type ErrorCode } from '../errors.ts';
import {
  monotonicMs,
  type DatabaseCall,
  type DatabaseState,
  type FromDatabaseThread,
  type ToDatabaseThread,
} from './thread-messages.ts';

// The client of a database thread on the main thread: sends calls as messages, and starts the thread again when
// it has crashed.

export interface DatabaseClient {
  /**
   * Calls made before the start wait for it. They are executed one after the other, in their order.
   * @param unlimited waits until the database can be used, instead of failing after the time limit
   */
  call(name: string, parameters: readonly unknown[], unlimited: boolean): Promise<unknown>;
  state(): DatabaseState;
  /**
   * Adds a listener that is called whenever the database becomes usable, the first time and after failures.
   */
  onReady(listener: () => void): void;
  start(): void;
  /** Executes pending calls, then ends the thread, after `ms` at the latest. */
  close(ms: number): Promise<void>;
}

export interface DatabaseClientOptions {
  /** For errors: "the training database". */
  readonly name: string;
  /** Of a call that fails because the database cannot be used. */
  readonly code: ErrorCode;
  /** Logged when the database cannot be used, with the reason. */
  readonly effect: string;
  readonly startThread: () => Worker;
  /** Time limit of a call, unless it is unlimited. */
  readonly timeoutMs: number;
  readonly log: Readonly<Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>>;
}

/** Extra time for the thread's own timeout reply, which a thread hanging in the file system cannot send. */
const graceMs = 2000;
const restartMs = 1000;

interface Pending {
  readonly call: DatabaseCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | null;
}

export function createDatabaseClient(options: DatabaseClientOptions): DatabaseClient {
  const { name: database, code, effect, startThread, timeoutMs, log } = options;
  const pending = new Map<number, Pending>();
  const listeners: (() => void)[] = [];
  const closed = Promise.withResolvers<void>();
  let state: DatabaseState = { kind: 'opening' };
  let thread: Worker | null = null;
  let count = 0;
  let closing = false;

  const unavailable = (reason: string): UnrollError => new UnrollError(code, reason);
  const post = (message: ToDatabaseThread): void => thread?.postMessage(message);

  function settle(id: number, finish: (entry: Pending) => void): void {
    const entry = pending.get(id);
    if (!entry) return;
    pending.delete(id);
    if (entry.timer) clearTimeout(entry.timer);
    finish(entry);
  }

  function setState(next: DatabaseState): void {
    state = next;
    if (next.kind === 'unavailable') log.error({ reason: next.reason }, effect);
    else if (next.kind === 'ready') for (const listener of listeners) listener();
  }

  function receive(message: FromDatabaseThread): void {
    switch (message.kind) {
      case 'result':
        return settle(message.id, ({ resolve }) => resolve(message.value));
      case 'error':
        return settle(message.id, ({ reject }) => reject(new UnrollError(message.code, message.message)));
      case 'state':
        return setState(message.state);
      case 'notice':
        return log[message.level]({}, message.message);
      case 'closed':
        return closed.resolve();
    }
  }

  function start(): void {
    thread = startThread();
    let reason = `${database}'s thread exited`;
    thread.on('message', receive);
    thread.on('error', (error) => (reason += `: ${error instanceof Error ? error.message : String(error)}`));
    thread.on('exit', () => {
      thread = null;
      closed.resolve();
      for (const id of pending.keys()) settle(id, ({ reject }) => reject(unavailable(reason)));
      if (closing) return;
      setState({ kind: 'unavailable', reason });
      setTimeout(() => {
        if (!closing) start();
      }, restartMs).unref();
    });
    for (const { call } of pending.values()) post(call);
  }

  return {
    call(name, parameters, unlimited) {
      if (closing) return Promise.reject(unavailable('the server is shutting down'));
      if (state.kind === 'unavailable' && !unlimited) return Promise.reject(unavailable(state.reason));
      return new Promise((resolve, reject) => {
        const id = ++count;
        const deadline = unlimited ? null : monotonicMs() + timeoutMs;
        const message: DatabaseCall = { kind: 'call', id, name, parameters, deadline };
        const timer = unlimited
          ? null
          : setTimeout(() => {
              pending.delete(id);
              reject(unavailable(`${database} did not respond in time`));
            }, timeoutMs + graceMs).unref();
        pending.set(id, { call: message, resolve, reject, timer });
        post(message);
      });
    },
    state: () => state,
    onReady: (listener) => void listeners.push(listener),
    start,
    async close(ms) {
      closing = true;
      if (!thread) return;
      post({ kind: 'close' });
      const timer = setTimeout(closed.resolve, ms);
      await closed.promise;
      clearTimeout(timer);
      await thread?.terminate();
    },
  };
}
