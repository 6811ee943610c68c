import { deserialize, serialize } from 'node:v8';
import { wakeSignalBytes, readVersion, waitAsync, notify, wait } from './wake-signal.ts';
import { createRing, createRingReader, createRingWriter } from './ring.ts';

// Messages both ways between the main thread and one worker, in order, none lost: a ring each way and a bell each.
// Sending never blocks the main thread; a worker that has filled its ring waits for the main thread to read.

const ringBytes = 1 << 18;

/** What the two threads share. Plain shared memory: it is handed over in the worker's data. */
export interface ChannelMemory {
  readonly toWorker: SharedArrayBuffer;
  readonly toMain: SharedArrayBuffer;
  /** Each side's bell, then each side's flag that it has more to write than fits. */
  readonly signals: SharedArrayBuffer;
}

export function createChannelMemory(capacity: number = ringBytes): ChannelMemory {
  const signals = new SharedArrayBuffer(2 * wakeSignalBytes + 8);
  return { toWorker: createRing(capacity), toMain: createRing(capacity), signals };
}

function signalsOf({ signals }: ChannelMemory) {
  const flags = new Int32Array(signals, 2 * wakeSignalBytes);
  return {
    workerBell: new Int32Array(signals, 0, 2),
    mainBell: new Int32Array(signals, wakeSignalBytes, 2),
    workerWantsRoom: flags.subarray(0, 1),
    mainWantsRoom: flags.subarray(1),
  };
}

export interface MainChannel<Out, In> {
  send(message: Out): void;
  /** The next message, or null when there is none now. */
  receive(): In | null;
  /** Wakes the worker without a message: there is something for it elsewhere. */
  wakeWorker(): void;
  /** Resolves when there may be something to receive, or after `wake`. */
  wait(): Promise<void>;
  wake(): void;
}

export function openMainChannel<Out, In>(memory: ChannelMemory): MainChannel<Out, In> {
  const { workerBell, mainBell, workerWantsRoom, mainWantsRoom } = signalsOf(memory);
  const writer = createRingWriter(memory.toWorker);
  const reader = createRingReader(memory.toMain);
  let seen = readVersion(mainBell);
  /** The flag is up before the ring is looked at again: the reader makes room first and looks at the flag second. */
  const push = (): void => {
    if (writer.flush()) return;
    Atomics.store(mainWantsRoom, 0, 1);
    if (writer.flush()) Atomics.store(mainWantsRoom, 0, 0);
  };
  let willRing = false;
  /** Once this turn's code is done: sequences that are sent together wake the worker together, and share its next tick. */
  const ringSoon = (): void => {
    if (willRing) return;
    willRing = true;
    queueMicrotask(() => {
      willRing = false;
      notify(workerBell);
    });
  };
  return {
    send(message) {
      writer.write(serialize(message));
      push();
      ringSoon();
    },
    receive() {
      const bytes = reader.read();
      if (Atomics.load(workerWantsRoom, 0) === 1) notify(workerBell);
      return bytes && (deserialize(bytes) as In);
    },
    wakeWorker: () => notify(workerBell),
    async wait() {
      const before = seen;
      if (Atomics.load(mainWantsRoom, 0) === 1) {
        Atomics.store(mainWantsRoom, 0, 0);
        push();
        notify(workerBell);
      }
      await waitAsync(mainBell, before);
      seen = readVersion(mainBell);
    },
    wake: () => notify(mainBell),
  };
}

export interface WorkerChannel<Out, In> {
  /** Blocks while the ring is full. */
  send(message: Out): void;
  receive(): In | null;
  /** Read it before looking for work, hand it to `sleep` when there was none. */
  readVersion(): number;
  wait(seen: number): void;
}

export function openWorkerChannel<Out, In>(memory: ChannelMemory): WorkerChannel<Out, In> {
  const { workerBell, mainBell, workerWantsRoom, mainWantsRoom } = signalsOf(memory);
  const writer = createRingWriter(memory.toMain);
  const reader = createRingReader(memory.toWorker);
  return {
    send(message) {
      writer.write(serialize(message));
      if (!writer.flush()) {
        Atomics.store(workerWantsRoom, 0, 1);
        for (let seen = readVersion(workerBell); !writer.flush(); seen = readVersion(workerBell)) {
          notify(mainBell);
          wait(workerBell, seen);
        }
        Atomics.store(workerWantsRoom, 0, 0);
      }
      // after the last byte, always: the reader may have taken the rest and gone to sleep meanwhile
      notify(mainBell);
    },
    receive() {
      const bytes = reader.read();
      if (Atomics.load(mainWantsRoom, 0) === 1) notify(mainBell);
      return bytes && (deserialize(bytes) as In);
    },
    readVersion: () => readVersion(workerBell),
    wait: (seen) => wait(workerBell, seen),
  };
}
