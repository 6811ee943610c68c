import { getHeapSpaceStatistics } from 'node:v8';
import { isMainThread, type Worker } from 'node:worker_threads';

// Loaded into the server before its own code (--import): replies to the benchmark's requests for memory
// statistics.

/** Bytes, but for the sizes' names. */
export interface HeapReport {
  readonly mainYoung: number;
  readonly mainOld: number;
  readonly workers: readonly number[];
  /** What the shared WebAssembly memories are long. */
  readonly kernel: readonly number[];
}

if (isMainThread && process.send) {
  const workers = new Set<Worker>();
  process.on('worker', (worker) => {
    workers.add(worker);
    worker.once('exit', () => workers.delete(worker));
  });

  const memories: WebAssembly.Memory[] = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, [descriptor]: ConstructorParameters<typeof Memory>) {
      const memory = new target(descriptor);
      if (descriptor.shared) memories.push(memory);
      return memory;
    },
  });

  process.on('message', (question) => {
    if (question === 'heaps') void report();
  });
  // the server ends as it would without this
  process.channel?.unref();

  async function report(): Promise<void> {
    const heaps = await Promise.all(Array.from(workers, (worker) => worker.getHeapStatistics()));
    const spaces = getHeapSpaceStatistics();
    const isYoung = (name: string): boolean => name.startsWith('new_');
    const sum = (young: boolean): number =>
      spaces
        .filter(({ space_name: name }) => isYoung(name) === young)
        .reduce((bytes, space) => bytes + space.physical_space_size, 0);
    const heapReport: HeapReport = {
      mainYoung: sum(true),
      mainOld: sum(false),
      workers: heaps.map((heap) => heap.total_physical_size),
      kernel: memories.map(({ buffer }) => buffer.byteLength),
    };
    process.send!(heapReport);
  }
}
