import { wakeSignalBytes, readVersion, waitAsync, notify, wait } from './wake-signal.ts';
import { createImmediate } from '../coalesced.ts';
import { createRing, createRingReader, createRingWriter } from './ring.ts';

// Messages in both directions between the main thread and one worker, in order and without loss: a ring
// buffer for each direction and a wake signal for each side. Sending never blocks the main thread; a worker
// whose ring buffer is full waits until the main thread has read from it.

/** Room for a few hundred sequences that bring a state of 2 kB: a batch is no larger than what has arrived. */
const ringBytes = 1 << 20;

/** The memory shared by the two threads; it is passed in the worker's data. */
export interface ChannelMemory {
  readonly toWorker: SharedArrayBuffer;
  readonly toMain: SharedArrayBuffer;
  /** The wake signal of each side, then a flag of each side that it has more to write than fits. */
  readonly signals: SharedArrayBuffer;
}

/** @param capacity bytes of each ring buffer, a power of two */
export function createChannelMemory(capacity: number = ringBytes): ChannelMemory {
  const signals = new SharedArrayBuffer(2 * wakeSignalBytes + 8);
  return { toWorker: createRing(capacity), toMain: createRing(capacity), signals };
}

function openSignals({ signals }: ChannelMemory) {
  const flags = new Int32Array(signals, 2 * wakeSignalBytes);
  return {
    workerSignal: new Int32Array(signals, 0, 2),
    mainSignal: new Int32Array(signals, wakeSignalBytes, 2),
    workerWriteBlocked: flags.subarray(0, 1),
    mainWriteBlocked: flags.subarray(1),
  };
}

export interface MainChannel<Out, In> {
  send(message: Out): void;
  /** The next message, or null when there is none now. */
  receive(): In | null;
  /** Wakes the worker without a message, for a message on its control port. */
  wakeWorker(): void;
  /** Resolves when there may be something to receive, or after `wake`. */
  wait(): Promise<void>;
  /** Resolves a pending `wait`. */
  wake(): void;
}

/** The bytes of messages. Encoded ones need to be valid until the next is encoded. */
export interface Codec<Out, In> {
  readonly encode: (message: Out) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => In;
}

/** Opens the main thread's side of a channel. */
export function openMainChannel<Out, In>(
  memory: ChannelMemory,
  { encode, decode }: Codec<Out, In>,
): MainChannel<Out, In> {
  const { workerSignal, mainSignal, workerWriteBlocked, mainWriteBlocked } = openSignals(memory);
  const writer = createRingWriter(memory.toWorker);
  const reader = createRingReader(memory.toMain);
  let version = readVersion(mainSignal);
  /** Sets the flag before the second attempt: the reader frees space first and reads the flag second. */
  const push = (): void => {
    if (writer.flush()) return;
    Atomics.store(mainWriteBlocked, 0, 1);
    if (writer.flush()) Atomics.store(mainWriteBlocked, 0, 0);
  };
  /** After all that has arrived on sockets was read: requests that arrived together share the worker's next tick. */
  const notifySoon = createImmediate(() => notify(workerSignal));
  return {
    send(message) {
      writer.write(encode(message));
      push();
      notifySoon();
    },
    receive() {
      const bytes = reader.read();
      if (Atomics.load(workerWriteBlocked, 0) === 1) notify(workerSignal);
      return bytes && decode(bytes);
    },
    wakeWorker: () => notify(workerSignal),
    async wait() {
      const before = version;
      if (Atomics.load(mainWriteBlocked, 0) === 1) {
        Atomics.store(mainWriteBlocked, 0, 0);
        push();
        notify(workerSignal);
      }
      await waitAsync(mainSignal, before);
      version = readVersion(mainSignal);
    },
    wake: () => notify(mainSignal),
  };
}

export interface WorkerChannel<Out, In> {
  /** Blocks while the ring buffer is full. */
  send(message: Out): void;
  receive(): In | null;
  /**
   * The version of the wake signal: read it before looking for work, and pass it to `wait` if there was none.
   */
  readVersion(): number;
  /** Blocks until the version differs. */
  wait(version: number): void;
}

/** Opens the worker's side of a channel. */
export function openWorkerChannel<Out, In>(
  memory: ChannelMemory,
  { encode, decode }: Codec<Out, In>,
): WorkerChannel<Out, In> {
  const { workerSignal, mainSignal, workerWriteBlocked, mainWriteBlocked } = openSignals(memory);
  const writer = createRingWriter(memory.toMain);
  const reader = createRingReader(memory.toWorker);
  return {
    send(message) {
      writer.write(encode(message));
      if (!writer.flush()) {
        Atomics.store(workerWriteBlocked, 0, 1);
        for (let version = readVersion(workerSignal); !writer.flush(); version = readVersion(workerSignal)) {
          notify(mainSignal);
          wait(workerSignal, version);
        }
        Atomics.store(workerWriteBlocked, 0, 0);
      }
      // always after the last byte: the reader may have read the rest and started to wait meanwhile
      notify(mainSignal);
    },
    receive() {
      const bytes = reader.read();
      if (Atomics.load(mainWriteBlocked, 0) === 1) notify(mainSignal);
      return bytes && decode(bytes);
    },
    readVersion: () => readVersion(workerSignal),
    wait: (version) => wait(workerSignal, version),
  };
}
