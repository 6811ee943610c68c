import { MessageChannel, Worker } from 'node:worker_threads';
import { createChannelMemory, openMainChannel } from './channel/channel.ts';
import type { Control, FromWorker, ToWorker, WorkerData } from './channel/messages.ts';
import { countSequences, createCounters } from './worker/tick-counters.ts';

// The worker threads: started, listened to, replaced when they die. What they are told is the engine's affair.

const workerEntry = new URL('./worker/worker.ts', import.meta.url);

/** Three times the 8 MB of --max-semi-space-size, for a server that was started without this flag; see docs/footprint.md. */
const maxYoungGenerationSizeMb = 24;

/** A worker that died this young is not replaced at once, but after a wait that doubles each time. */
const youngMs = 1_000;
const firstDelayMs = 50;
const longestDelayMs = 5_000;

/** One thread's life. A replacement is another member with the same index. */
export interface PoolWorker {
  readonly index: number;
  readonly thread: Worker;
  readonly alive: boolean;
  send(message: ToWorker): void;
  sendControl(message: Control): void;
}

export interface PoolEvents {
  onMessage(member: PoolWorker, message: FromWorker): void;
  /** After the last message that it left behind; `member` runs nothing any more. */
  onExit(member: PoolWorker, reason: string): void;
  onStart(member: PoolWorker): void;
  /** Everything that had arrived has been told. */
  onIdle(): void;
}

export interface Pool {
  readonly members: readonly PoolWorker[];
  readonly restarts: number;
  readonly counters: readonly SharedArrayBuffer[];
  close(): Promise<void>;
}

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
    const channel = openMainChannel<ToWorker, FromWorker>(shared);
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
    const born = performance.now();
    const member: PoolWorker = {
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
    members[index] = member;

    const receiveAll = (): void => {
      for (let message = channel.receive(); message; message = channel.receive()) {
        events.onMessage(member, message);
      }
    };
    thread.on('error', (error) => (reason = String(error)));
    thread.on('exit', (code) => {
      alive = false;
      port1.close();
      countSequences(new Float64Array(counters[index]!), 0);
      if (closed) return channel.wake();
      // what it wrote before it died counts
      receiveAll();
      channel.wake();
      events.onExit(member, reason || `exit code ${code}`);
      events.onIdle();
      restarts++;
      const young = performance.now() - born < youngMs;
      const wait = young ? Math.min(longestDelayMs, Math.max(firstDelayMs, delayMs * 2)) : 0;
      later(wait, () => spawn(index, wait));
    });
    void (async () => {
      while (alive && !closed) {
        receiveAll();
        events.onIdle();
        await channel.wait();
      }
    })();
    events.onStart(member);
  }

  function later(ms: number, run: () => void): void {
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
