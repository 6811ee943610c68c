import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { LoaderData } from './loader-messages.ts';

/** A loader thread that has been started; whoever gives it work serves its requests for memory. */
export interface LoaderThread {
  readonly worker: Worker;
  /** Its requests for regions of kernel memory arrive here. */
  readonly regions: MessagePort;
  readonly replySignal: SharedArrayBuffer;
}

export interface LoaderThreadOptions {
  /** Heap limit of the thread; weights are outside of it. */
  readonly heapMegabytes?: number;
  /** The thread's module; tests replace it. */
  readonly url?: URL;
  /** Whether the thread has a lower priority than those that serve; not at the start, which waits for it. */
  readonly background?: boolean;
}

export const defaultHeapMegabytes = 1024;

/**
 * Starts a loader thread (see loader.ts). It imports nothing of the kernel, so that it can be called first of
 * all: the thread imports its code while this one does.
 */
export function startLoaderThread({
  heapMegabytes = defaultHeapMegabytes,
  url = new URL('./loader-thread.ts', import.meta.url),
  background = true,
}: LoaderThreadOptions = {}): LoaderThread {
  const { port1, port2 } = new MessageChannel();
  const replySignal = new SharedArrayBuffer(4);
  const data: LoaderData = { background, regions: port2, replySignal };
  const worker = new Worker(url, {
    name: 'unroll-loader',
    workerData: data,
    transferList: [port2],
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
  // until it has work, a start that fails must not wait for it
  worker.unref();
  return { worker, regions: port1, replySignal };
}
