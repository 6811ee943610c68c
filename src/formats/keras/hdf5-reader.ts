import { Worker } from 'node:worker_threads';
import type { Arrays } from '../arrays.ts';
import { invalidWeights } from '../format-errors.ts';

// Reads HDF5 with the HDF Group's library compiled to WebAssembly (h5wasm), which has its own memory and no
// access to the disk. A damaged file can make it loop forever, so it runs in a thread that is terminated
// after a time limit. Starting a thread takes longer than reading a file, so one thread reads many files, one
// at a time.

export interface Hdf5 {
  /** Datasets by path from the root, without a leading slash. */
  readonly arrays: Arrays;
  /**
   * Attributes that are a string or a list of strings, by the path of their group (`''` is the root) and
   * name.
   */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string | readonly string[]>>;
}
export type Hdf5ThreadReply =
  | { readonly file: Hdf5 }
  /** `broken`: the library crashed, so the thread must be replaced. */
  | { readonly refused: string; readonly broken: boolean };

export interface Hdf5Reader {
  /**
   * Reads a file.
   * @param timeoutMs time limit, without the time in the queue
   * @throws UnrollError invalid_weights
   */
  read(bytes: Uint8Array, timeoutMs: number): Promise<Hdf5>;
  /** Threads started so far. */
  readonly starts: number;
}

const heapMegabytes = 512;

/**
 * Creates a reader. Its thread keeps the process alive only while a file is being read.
 * @param idleMs time after which an idle thread ends
 * @param files the number of files after which a thread is replaced: the library leaks what it opened of
 * damaged files
 */
export function createHdf5Reader({
  idleMs,
  files,
  threadUrl = new URL('hdf5-thread.ts', import.meta.url),
}: {
  readonly idleMs: number;
  readonly files: number;
  readonly threadUrl?: URL;
}): Hdf5Reader {
  let thread: Worker | null = null;
  let remainingFiles = 0;
  let starts = 0;
  let idle: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let receive: (reply: Hdf5ThreadReply) => void = () => {};

  function start(): Worker {
    starts++;
    remainingFiles = files;
    const started = new Worker(threadUrl, {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
      stdout: true,
      stderr: true,
    });
    const onExit = (): void => {
      if (thread !== started) return;
      thread = null;
      receive({ refused: 'the HDF5 file cannot be read', broken: true });
    };
    return started
      .on('message', (reply: Hdf5ThreadReply) => thread === started && receive(reply))
      .on('error', onExit)
      .on('exit', onExit);
  }

  async function end(): Promise<void> {
    const ended = thread;
    thread = null;
    await ended?.terminate();
  }

  async function readNext(bytes: Uint8Array, timeoutMs: number): Promise<Hdf5> {
    clearTimeout(idle);
    thread ??= start();
    thread.ref();
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<Hdf5ThreadReply>((resolve) => {
      receive = resolve;
      timer = setTimeout(
        () =>
          resolve({
            refused: `the HDF5 file could not be read in ${Math.round(timeoutMs)} ms`,
            broken: true,
          }),
        timeoutMs,
      );
      thread!.postMessage(bytes);
    });
    clearTimeout(timer);
    receive = () => {};
    if (--remainingFiles <= 0 || ('broken' in reply && reply.broken)) await end();
    else {
      thread?.unref();
      idle = setTimeout(() => void end(), idleMs).unref();
    }
    return 'file' in reply ? reply.file : invalidWeights(reply.refused);
  }

  return {
    read(bytes, timeoutMs) {
      const file = queue.then(() => readNext(bytes, timeoutMs));
      queue = file.catch(() => {});
      return file;
    },
    get starts() {
      return starts;
    },
  };
}
