import { parentPort, workerData } from 'node:worker_threads';
import {
  databasePath,
  openDatabase,
  openReadOnly,
  renameDamagedFile,
  type ReportNotice,
  type OpenedDatabase,
} from './open-database.ts';
import { withRecordFiles } from './record-writes.ts';
import { recoverRecords } from './recover-records.ts';
import { createSqliteStore } from './sqlite-store.ts';
import { isBusy, isDamaged, lockedReason, errorMessage, toStoreError } from './store-errors.ts';
import {
  monotonicMs,
  type FromStoreThread,
  type StoreCall,
  type StoreThreadData,
  type ToStoreThread,
} from './store-messages.ts';
import type { JobStoreCalls, StoreState } from './store.ts';

// The training database in its own thread, so that locks and flushes do not block the main thread. Calls run
// one after the other. Opening the database, and calls while it is locked, are retried.

/** Delays between attempts while the database is locked, and at opening it. */
const lockedRetryMs = 20;
const openRetryMs = 500;

const { folder, readOnly } = workerData as StoreThreadData;
const port = parentPort!;
const send = (message: FromStoreThread): void => port.postMessage(message);
const reportNotice: ReportNotice = (level, message) => send({ kind: 'notice', level, message });

const queue: StoreCall[] = [];
let closing = false;
let wake = (): void => {};
port.on('message', (message: ToStoreThread) => {
  if (message.kind === 'close') closing = true;
  else queue.push(message);
  wake();
});

interface Opened extends OpenedDatabase {
  readonly calls: JobStoreCalls;
}
let opened: Opened | null = null;
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
function run({ calls }: Opened, call: StoreCall): boolean {
  const execute = calls[call.name] as (...parameters: readonly unknown[]) => unknown;
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
    if (isDamaged(error) && !readOnly && reopen()) return true;
    fail(call, toStoreError(error));
  }
  return true;
}

/** Renames a damaged database. @returns whether a new one can be opened, to repeat the call */
function reopen(): boolean {
  opened?.close();
  opened = null;
  try {
    renameDamagedFile(databasePath(folder), reportNotice);
    return true;
  } catch (error) {
    reportNotice('error', `the damaged training database cannot be renamed: ${errorMessage(error)}`);
    return false;
  }
}

function tryToOpen(): Opened | null {
  let attempt: OpenedDatabase | null = null;
  try {
    attempt = readOnly ? openReadOnly(folder) : openDatabase(folder, reportNotice);
    const store = createSqliteStore(attempt.database);
    const calls = readOnly ? store : withRecordFiles(folder, store, reportNotice);
    if (!readOnly) recoverRecords(folder, calls, attempt.database, reportNotice);
    report({ kind: 'ready' });
    return { ...attempt, calls };
  } catch (error) {
    attempt?.close();
    const reason = isBusy(error) ? lockedReason : describeOpenError(error);
    report({ kind: 'unavailable', reason });
    for (const call of queue.filter(({ deadline }) => deadline !== null))
      fail(call, { code: 'training_unavailable', message: reason });
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

function report(state: StoreState): void {
  const text = JSON.stringify(state);
  if (text !== lastState) send({ kind: 'state', state });
  lastState = text;
}

function expired({ deadline }: StoreCall): boolean {
  return deadline !== null && monotonicMs() > deadline;
}

function fail(call: StoreCall, error: ReturnType<typeof toStoreError>): void {
  queue.splice(queue.indexOf(call), 1);
  send({ kind: 'error', id: call.id, ...error });
}

function failExpired(): void {
  const message = locked ? lockedReason : 'the training database did not respond in time';
  for (const call of queue.filter(expired)) fail(call, { code: 'training_unavailable', message });
}

function failAll(message: string): void {
  while (queue[0]) fail(queue[0], { code: 'training_unavailable', message });
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
