import { MessageChannel, Worker } from 'node:worker_threads';
import { createChannelMemory, openMainChannel } from './channel/channel.ts';
import { createEncoders, decodeToMain } from './channel/frames.ts';
import type { Control, FromWorker, ToWorker, WorkerData } from './channel/messages.ts';
import { countSequences, createCounters } from './worker/tick-counters.ts';

// The pool of worker threads: starts them, receives their messages and replaces those that exit. It does not
// interpret the messages.

const workerEntry = new URL('./worker/worker.ts', import.meta.url);

/**
 * Three times the 8 MB of --max-semi-space-size, for a server started without this flag; see
 * docs/footprint.md.
 */
const maxYoungGenerationSizeMb = 24;

/** A worker that exits earlier is replaced after a delay, which doubles each time. */
const minLifetimeMs = 1_000;
const minRestartDelayMs = 50;
const maxRestartDelayMs = 5_000;

/** One worker thread. Its replacement is another object with the same index. */
export interface PoolWorker {
  readonly index: number;
  readonly thread: Worker;
  readonly alive: boolean;
  /** Sends a message on the ring buffer. */
  send(message: ToWorker): void;
  /** Sends a message on the control port. */
  sendControl(message: Control): void;
}

export interface PoolEvents {
  onMessage(worker: PoolWorker, message: FromWorker): void;
  /** A worker has exited. Called after its last message. */
  onExit(worker: PoolWorker, reason: string): void;
  onStart(worker: PoolWorker): void;
  /** All messages that had arrived have been passed on. */
  onIdle(): void;
}

export interface Pool {
  readonly members: readonly PoolWorker[];
  readonly restarts: number;
  readonly counters: readonly SharedArrayBuffer[];
  close(): Promise<void>;
}

/** Starts `size` workers. */
export function createPool(options: {
  readonly size: number;
  readonly memory: WebAssembly.Memory;
  readonly ringBytes?: number | undefined;
  readonly events: PoolEvents;
}): Pool {
  const { size, memory, events, ringBytes } = options;
  const counters = Array.from({ length: size }, createCounters);
  const members: PoolWorker[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let restarts = 0;
  let closed = false;

  function spawn(index: number, delayMs: number): void {
    const shared = createChannelMemory(ringBytes);
    const channel = openMainChannel<ToWorker, FromWorker>(shared, {
      encode: createEncoders().toWorker,
      decode: decodeToMain,
    });
    const { port1, port2 } = new MessageChannel();
    const data: WorkerData = { memory, channel: shared, counters: counters[index]!, control: port2 };
    const thread = new Worker(workerEntry, {
      name: `unroll-${index}`,
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    let alive = true;
    let reason = '';
    const startedAtMs = performance.now();
    const worker: PoolWorker = {
      index,
      thread,
      get alive() {
        return alive;
      },
      send: (message) => alive && channel.send(message),
      sendControl(message) {
        if (!alive) return;
        port1.postMessage(message);
        channel.wakeWorker();
      },
    };
    members[index] = worker;

    const receiveAll = (): void => {
      for (let message = channel.receive(); message; message = channel.receive()) {
        events.onMessage(worker, message);
      }
    };
    thread.on('error', (error) => (reason = String(error)));
    thread.on('exit', (code) => {
      alive = false;
      port1.close();
      countSequences(new Float64Array(counters[index]!), 0);
      if (closed) return channel.wake();
      // messages that it sent before it exited are still valid
      receiveAll();
      channel.wake();
      events.onExit(worker, reason || `exit code ${code}`);
      events.onIdle();
      restarts++;
      const crashedEarly = performance.now() - startedAtMs < minLifetimeMs;
      const restartDelayMs = crashedEarly
        ? Math.min(maxRestartDelayMs, Math.max(minRestartDelayMs, delayMs * 2))
        : 0;
      schedule(restartDelayMs, () => spawn(index, restartDelayMs));
    });
    void (async () => {
      while (alive && !closed) {
        receiveAll();
        events.onIdle();
        await channel.wait();
      }
    })();
    events.onStart(worker);
  }

  function schedule(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!closed) run();
    }, ms);
    timers.add(timer);
  }

  for (let index = 0; index < size; index++) spawn(index, 0);

  return {
    members,
    counters,
    get restarts() {
      return restarts;
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(members.map(({ thread }) => thread.terminate()));
    },
  };
}
