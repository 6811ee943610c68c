import type { Worker } from 'node:worker_threads';
import type { PlacementSizes } from '../engine/placement.ts';
import { UnrollError } from '../errors.ts';
import type { ViewVerdict } from '../formats/view-verdicts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SharedMemory } from '../kernel/memory.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { LoaderReply, LoadedModel, LoadRequest } from './loader-messages.ts';
import { serveRegionRequests, type RegionGrants } from './region-requests.ts';
import { defaultHeapMegabytes, startLoaderThread, type LoaderThread } from './start-loader-thread.ts';

// Loads models in a separate thread, so that no model folder, however large or damaged, blocks the main
// thread. The thread is started when there is something to load and ends when it is idle; when it hangs or
// crashes, only the version that it was loading fails.

export interface VersionToLoad extends Pick<
  LoadRequest,
  'realRoot' | 'folder' | 'name' | 'anyName' | 'file'
> {
  /** Total size of its files. */
  readonly bytes: number;
}

export interface Loader {
  /**
   * Loads a version. Versions are loaded one at a time, in the order of the calls. The caller owns the memory
   * of the result.
   * @param described called as soon as its model.json is read
   * @throws UnrollError invalid_model, invalid_weights, out_of_memory, shutting_down; any other Error is
   * internal
   */
  load(version: VersionToLoad, described: (task: ModelSpec['task']) => void): Promise<LoadedModel>;
  /** Terminates the thread; pending loads are rejected. */
  close(): Promise<void>;
  /** Threads started so far. */
  readonly starts: number;
}

export interface LoaderOptions {
  readonly kernel: Kernel<SharedMemory>;
  readonly sizes: PlacementSizes;
  /** Time after which a thread ends that has nothing more to load. */
  readonly idleMs?: number;
  /** Time limit for a version of a given size. */
  readonly timeoutMs?: (bytes: number) => number;
  /** Heap limit of the thread; weights are outside of it. */
  readonly heapMegabytes?: number;
  /** The thread's module; tests replace it. */
  readonly threadUrl?: URL | undefined;
  /** A thread that has been started already, for the first loads. */
  readonly started?: LoaderThread | undefined;
}

/** Time that a started thread waits for its first load: on a busy machine the server's own start takes long. */
const firstLoadMs = 60_000;

/** Verdicts of verification that are kept, a few kilobytes each. */
const maxVerdicts = 256;

/** A gigabyte loads in seconds; generous, because under load the thread may get a tenth of a core. */
const defaultTimeoutMs = (bytes: number): number => 120_000 + 1000 * Math.ceil(bytes / 5_000_000);

interface Thread {
  readonly worker: Worker;
  readonly regions: RegionGrants;
}

export function createLoader({
  kernel,
  sizes: { workers, slots, maxSteps },
  idleMs = 2_000,
  timeoutMs = defaultTimeoutMs,
  heapMegabytes = defaultHeapMegabytes,
  threadUrl,
  started,
}: LoaderOptions): Loader {
  const sizes = { workers, slots, maxSteps };
  let thread: Thread | null = null;
  let starts = 0;
  let closed = false;
  let idle: NodeJS.Timeout | undefined;
  // the thread ends when it is idle, and models are loaded again after they were unloaded
  const verdicts = new Map<string, ViewVerdict>();
  const keepVerdicts = (added: ReadonlyMap<string, ViewVerdict>): void => {
    for (const [key, verdict] of added) verdicts.set(key, verdict);
    for (const oldest of verdicts.keys()) {
      if (verdicts.size <= maxVerdicts) break;
      verdicts.delete(oldest);
    }
  };
  let queue: Promise<unknown> = Promise.resolve();
  let receive: (message: LoaderReply) => void = () => {};
  let rejectPending: (error: Error) => void = () => {};

  function start(): Thread {
    starts++;
    return adopt(startLoaderThread({ heapMegabytes, ...(threadUrl && { url: threadUrl }) }));
  }

  function adopt({ worker, regions: port, replySignal }: LoaderThread): Thread {
    const adopted: Thread = { worker, regions: serveRegionRequests(port, replySignal, kernel.memory) };
    let reason: Error | null = null;
    worker
      .on('message', (message: LoaderReply) => thread === adopted && receive(message))
      .on('error', (error: Error) => (reason = error))
      .on('exit', (code) => {
        adopted.regions.close();
        if (thread !== adopted) return;
        thread = null;
        rejectPending(reason ?? new Error(`the loader thread exited with code ${code}`));
      });
    return adopted;
  }

  /** Ends the thread when it has nothing to do for a while; meanwhile it does not keep the process alive. */
  function rest(ms = idleMs): void {
    thread?.worker.unref();
    idle = setTimeout(() => void end(), ms).unref();
  }

  /** Terminates the thread. Resolves when it can no longer write to kernel memory. */
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
    const limitMs = timeoutMs(bytes);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<LoadedModel>((resolve, reject) => {
        rejectPending = (error) => reject(closed ? shuttingDown() : toLoadError(error, heapMegabytes));
        receive = (message) => {
          if (message.kind === 'described') return described(message.task);
          if (message.kind === 'verified') return keepVerdicts(message.verdicts);
          if (message.kind === 'failed') return reject(parseError(message));
          regions.commit();
          resolve(message.model);
        };
        const timedOut = new UnrollError(
          'invalid_model',
          `the version was not loaded within ${limitMs / 1000} s, the limit for ${bytes} bytes`,
        );
        timer = setTimeout(() => void end().then(() => reject(timedOut)), limitMs);
        const request: LoadRequest = { ...version, verdicts, share: kernel.share, sizes };
        worker.postMessage(request);
      });
    } finally {
      clearTimeout(timer);
      receive = rejectPending = () => {};
      regions.revoke();
      if (thread) rest();
    }
  }

  if (started) {
    thread = adopt(started);
    rest(firstLoadMs);
  }
  return {
    load(version, described) {
      const loaded = queue.then(() => loadNext(version, described));
      queue = loaded.catch(() => {});
      return loaded;
    },
    async close() {
      closed = true;
      clearTimeout(idle);
      const reject = rejectPending;
      await end();
      reject(shuttingDown());
    },
    get starts() {
      return starts;
    },
  };
}

const shuttingDown = (): UnrollError => new UnrollError('shutting_down', 'the server is shutting down');

const parseError = ({ code, message, field }: Extract<LoaderReply, { kind: 'failed' }>): Error =>
  code === null ? new Error(message) : new UnrollError(code, message, field === undefined ? {} : { field });

/** The error of a crashed thread: running out of heap is the model's fault, anything else is internal. */
const toLoadError = (error: Error, heapMegabytes: number): Error =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new UnrollError(
        'invalid_model',
        `the version takes more than ${heapMegabytes} MB of memory to read, besides its weights`,
        { cause: error },
      )
    : error;
