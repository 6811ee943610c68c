import { MessageChannel, Worker } from 'node:worker_threads';
import type { PlacementSizes } from '../engine/placement.ts';
import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SharedMemory } from '../kernel/memory.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { LoaderReply, LoadedModel, LoaderData, LoadRequest } from './loader-messages.ts';
import { serveRegionRequests, type RegionGrants } from './region-requests.ts';

// Loads models in a thread of its own, so that nothing a model folder holds keeps the main thread from serving. The thread is
// started when there is something to load and ends when there is not; one that hangs, or dies of what it reads, fails that
// version only.

export interface VersionToLoad {
  readonly realRoot: string;
  readonly folder: string;
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
}

export interface Loader {
  /**
   * One at a time, in the order asked for. The memory of its placement is the caller's.
   * @param described called as soon as its model.json is read
   * @throws UnrollError invalid_model, invalid_weights, out_of_memory, shutting_down; an Error where the fault is not the model's
   */
  load(version: VersionToLoad, described: (task: ModelSpec['task']) => void): Promise<LoadedModel>;
  /** Ends at once what is being loaded. */
  close(): Promise<void>;
  /** Threads started so far. */
  readonly starts: number;
}

export interface LoaderOptions {
  readonly kernel: Kernel<SharedMemory>;
  readonly sizes: PlacementSizes;
  /** After which a thread with nothing to load ends. */
  readonly idleMs?: number;
  /** What a version of so many bytes may take. */
  readonly timeoutMs?: (bytes: number) => number;
  /** Most heap of the thread; weights are not in it. */
  readonly heapMegabytes?: number;
  readonly threadUrl?: URL;
}

/** A gigabyte loads in seconds; a machine that is busy serving gives the thread a tenth of a core. */
const generousMs = (bytes: number): number => 120_000 + 1000 * Math.ceil(bytes / 5_000_000);

interface Thread {
  readonly worker: Worker;
  readonly regions: RegionGrants;
}

export function createLoader({
  kernel,
  sizes: { workers, slots, maxSteps },
  idleMs = 2_000,
  timeoutMs = generousMs,
  heapMegabytes = 1024,
  threadUrl = new URL('./loader-thread.ts', import.meta.url),
}: LoaderOptions): Loader {
  const sizes = { workers, slots, maxSteps };
  let thread: Thread | null = null;
  let starts = 0;
  let closed = false;
  let idle: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let receive: (message: LoaderReply) => void = () => {};
  let died: (error: Error) => void = () => {};

  function start(): Thread {
    starts++;
    const { port1, port2 } = new MessageChannel();
    const replySignal = new SharedArrayBuffer(4);
    const data: LoaderData = { regions: port2, replySignal };
    const worker = new Worker(threadUrl, {
      name: 'unroll-loader',
      workerData: data,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    const started: Thread = { worker, regions: serveRegionRequests(port1, replySignal, kernel.memory) };
    let reason: Error | null = null;
    worker
      .on('message', (message: LoaderReply) => thread === started && receive(message))
      .on('error', (error: Error) => (reason = error))
      .on('exit', (code) => {
        started.regions.close();
        if (thread !== started) return;
        thread = null;
        died(reason ?? new Error(`the loader thread ended with ${code}`));
      });
    return started;
  }

  /** Resolves when it writes to no memory any more. */
  async function end(): Promise<void> {
    const ended = thread;
    thread = null;
    ended?.regions.close();
    await ended?.worker.terminate();
  }

  async function loadNext(
    { bytes, ...version }: VersionToLoad,
    described: (task: ModelSpec['task']) => void,
  ): Promise<LoadedModel> {
    if (closed) throw shuttingDown();
    clearTimeout(idle);
    const { worker, regions } = (thread ??= start());
    worker.ref();
    const mayTakeMs = timeoutMs(bytes);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<LoadedModel>((resolve, reject) => {
        died = (error) => reject(closed ? shuttingDown() : reasonOf(error, heapMegabytes));
        receive = (message) => {
          if (message.kind === 'described') return described(message.task);
          if (message.kind === 'failed') return reject(errorOf(message));
          regions.commit();
          resolve(message.model);
        };
        const late = new UnrollError(
          'invalid_model',
          `the version was not loaded within ${mayTakeMs / 1000} s, the limit for ${bytes} bytes`,
        );
        timer = setTimeout(() => void end().then(() => reject(late)), mayTakeMs);
        const request: LoadRequest = { ...version, share: kernel.share, sizes };
        worker.postMessage(request);
      });
    } finally {
      clearTimeout(timer);
      receive = died = () => {};
      regions.revoke();
      if (thread) {
        thread.worker.unref();
        idle = setTimeout(() => void end(), idleMs).unref();
      }
    }
  }

  return {
    load(version, described) {
      const loaded = turn.then(() => loadNext(version, described));
      turn = loaded.catch(() => {});
      return loaded;
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      const over = died;
      await end();
      over(shuttingDown());
    },
    get starts() {
      return starts;
    },
  };
}

const shuttingDown = (): UnrollError => new UnrollError('shutting_down', 'the server is shutting down');

const errorOf = ({ code, message, field }: Extract<LoaderReply, { kind: 'failed' }>): Error =>
  code === null ? new Error(message) : new UnrollError(code, message, field === undefined ? {} : { field });

/** Why a thread died. */
const reasonOf = (error: Error, heapMegabytes: number): Error =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new UnrollError(
        'invalid_model',
        `the version takes more than ${heapMegabytes} MB of memory to read, apart from its weights`,
        { cause: error },
      )
    : error;
