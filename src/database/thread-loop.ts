import { parentPort } from 'node:worker_threads';
import type { ErrorCode } from '../errors.ts';
import { describeError, errorMessage, isBusy, isDamaged } from './database-errors.ts';
import {
  monotonicMs,
  type DatabaseCall,
  type FromDatabaseThread,
  type ToDatabaseThread,
} from './thread-messages.ts';
import type { ReportNotice } from './open-database.ts';

// A database in its own thread, so that locks and flushes do not block the main thread. Calls run one after the
// other. Opening the database, and calls while it is locked, are retried.

/** A database that is open. */
export interface OpenCalls {
  readonly calls: object;
  close(): void;
}

export interface DatabaseThread {
  /** For errors: "the training database". */
  readonly name: string;
  /** Of calls that fail because the database cannot be used. */
  readonly code: ErrorCode;
  /** Of calls that fail because the disk is full. */
  readonly diskFullCode: ErrorCode;
  readonly folder: string;
  /** @throws Error if it cannot be used; nothing stays open */
  open(report: ReportNotice): OpenCalls;
  /**
   * Whether a call that finds the database damaged is repeated with a new one; else it fails.
   */
  repeats(call: string): boolean;
  /** Renames the damaged database, which has been closed. */
  renameDamaged(report: ReportNotice): void;
}

/** Delays between attempts while the database is locked, and at opening it. */
const lockedRetryMs = 20;
const openRetryMs = 500;

/** Executes the calls of the main thread until it closes the database. */
export async function runDatabaseThread(thread: DatabaseThread): Promise<void> {
  const { name, code, diskFullCode, folder } = thread;
  const port = parentPort!;
  const send = (message: FromDatabaseThread): void => port.postMessage(message);
  const reportNotice: ReportNotice = (level, message) => send({ kind: 'notice', level, message });
  const lockedReason = `${name} is locked by another process`;
  const toError = (error: unknown) => describeError(error, { name, code, diskFullCode });

  const queue: DatabaseCall[] = [];
  let closing = false;
  let wake = (): void => {};
  port.on('message', (message: ToDatabaseThread) => {
    if (message.kind === 'close') closing = true;
    else queue.push(message);
    wake();
  });
  let opened: OpenCalls | null = null;
  let lastState = '';
  /** Whether the last attempt found the database locked. */
  let locked = false;

  while (!(closing && queue.length === 0)) {
    opened ??= tryToOpen();
    const [call] = queue;
    if (!opened) {
      if (closing) failAll('the server is shutting down');
      else await sleep(openRetryMs);
    } else if (!call) await sleep(null);
    else if (expired(call)) failExpired();
    else if (!run(opened, call)) await sleep(lockedRetryMs);
  }
  opened?.close();
  send({ kind: 'closed' });
  port.close();

  /** @returns false if the database is locked: the call stays first in the queue */
  function run({ calls }: OpenCalls, call: DatabaseCall): boolean {
    const execute = (calls as Readonly<Record<string, (...parameters: readonly unknown[]) => unknown>>)[
      call.name
    ]!;
    try {
      send({ kind: 'result', id: call.id, value: execute(...call.parameters) });
      queue.splice(queue.indexOf(call), 1);
      locked = false;
    } catch (error) {
      locked = isBusy(error);
      if (locked && !closing) {
        failExpired();
        return false;
      }
      if (isDamaged(error) && thread.repeats(call.name) && reopen()) return true;
      fail(call, toError(error));
    }
    return true;
  }

  /** Renames a damaged database. @returns whether a new one can be opened, to repeat the call */
  function reopen(): boolean {
    opened?.close();
    opened = null;
    try {
      thread.renameDamaged(reportNotice);
      return true;
    } catch (error) {
      reportNotice('error', `${name} is damaged and cannot be renamed: ${errorMessage(error)}`);
      return false;
    }
  }

  function tryToOpen(): OpenCalls | null {
    try {
      const next = thread.open(reportNotice);
      reportState({ kind: 'ready' });
      return next;
    } catch (error) {
      const reason = isBusy(error) ? lockedReason : describeOpenError(error);
      reportState({ kind: 'unavailable', reason });
      for (const call of queue.filter(({ deadline }) => deadline !== null))
        fail(call, { code, message: reason });
      return null;
    }
  }

  /**
   * Adds the folder to messages without one: SQLite reports many causes only as "unable to open database file".
   */
  function describeOpenError(error: unknown): string {
    const message = errorMessage(error);
    return message.includes(folder) ? message : `${folder} (UNROLL_DATA) cannot be used: ${message}`;
  }

  function reportState(state: Extract<FromDatabaseThread, { kind: 'state' }>['state']): void {
    const text = JSON.stringify(state);
    if (text !== lastState) send({ kind: 'state', state });
    lastState = text;
  }

  function expired({ deadline }: DatabaseCall): boolean {
    return deadline !== null && monotonicMs() > deadline;
  }

  function fail(call: DatabaseCall, error: ReturnType<typeof toError>): void {
    queue.splice(queue.indexOf(call), 1);
    send({ kind: 'error', id: call.id, ...error });
  }

  function failExpired(): void {
    const message = locked ? lockedReason : `${name} did not respond in time`;
    for (const call of queue.filter(expired)) fail(call, { code, message });
  }

  function failAll(message: string): void {
    while (queue[0]) fail(queue[0], { code, message });
  }

  /** Waits until a message arrives or the time is up. */
  function sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, ms);
      wake = () => {
        // while the database cannot be used, new calls wait for the next attempt
        if (ms !== null && !closing) return;
        if (timer) clearTimeout(timer);
        resolve();
      };
    });
  }
}
