import { Worker } from 'node:worker_threads';
import type { Arrays } from '../arrays.ts';
import { invalidWeights } from '../format-errors.ts';

// HDF5 by the HDF Group's own library in WebAssembly (h5wasm). It sees the file in a memory of its own and no disk. A damaged file can
// make it loop for ever, so it runs in a thread, which is ended when a file takes too long. To start one takes longer than to read a
// file, so a thread reads file after file, one at a time.

export interface Hdf5 {
  /** Datasets by their path from the root, without a leading slash. */
  readonly arrays: Arrays;
  /** Attributes that are a text or a list of texts, by the path of their group (`''` is the root) and name. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, string | readonly string[]>>;
}
export type Hdf5ThreadReply =
  | { readonly file: Hdf5 }
  /** `broken`: the library itself came down, and is not to be asked again. */
  | { readonly refused: string; readonly broken: boolean };

export interface Hdf5Reader {
  /** @param timeoutMs from its turn on, after which the file is refused @throws UnrollError invalid_weights */
  read(bytes: Uint8Array, timeoutMs: number): Promise<Hdf5>;
  /** Threads started so far. */
  readonly starts: number;
}

const heapMegabytes = 512;

/**
 * The thread keeps no process alive unless a file is being read.
 * @param idleMs after which a thread with nothing to read ends @param files that one thread reads: of a damaged one the library keeps
 * what it had opened
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
  let left = 0;
  let starts = 0;
  let idle: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let hear: (answer: Hdf5ThreadReply) => void = () => {};

  function start(): Worker {
    starts++;
    left = files;
    const started = new Worker(threadUrl, {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
      stdout: true,
      stderr: true,
    });
    const gone = (): void => {
      if (thread !== started) return;
      thread = null;
      hear({ refused: 'the HDF5 file cannot be read', broken: true });
    };
    return started
      .on('message', (answer: Hdf5ThreadReply) => thread === started && hear(answer))
      .on('error', gone)
      .on('exit', gone);
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
    const answer = await new Promise<Hdf5ThreadReply>((resolve) => {
      hear = resolve;
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
    hear = () => {};
    if (--left <= 0 || ('broken' in answer && answer.broken)) await end();
    else {
      thread?.unref();
      idle = setTimeout(() => void end(), idleMs).unref();
    }
    return 'file' in answer ? answer.file : invalidWeights(answer.refused);
  }

  return {
    read(bytes, timeoutMs) {
      const file = turn.then(() => readNext(bytes, timeoutMs));
      turn = file.catch(() => {});
      return file;
    },
    get starts() {
      return starts;
    },
  };
}
