import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import {
  clearRegion,
  MemoryFull,
  type KernelMemory,
  type Region,
  type SharedMemory,
} from '../kernel/memory.ts';
import type { LoaderData, RegionReply, RegionRequest } from './loader-messages.ts';

// Allocation of kernel memory by the loader thread: the main thread owns the allocator, the loader thread
// requests regions over a message port and waits for each reply.

/**
 * The loader thread's side: a kernel memory whose allocations are requests to the main thread. `allocate`
 * blocks until the reply and zeroes the region, which may hold an earlier owner's data.
 */
export function createRegionClient(
  { regions, replySignal }: LoaderData,
  { memory, maximumPages }: Pick<KernelMemory, 'memory' | 'maximumPages'>,
): KernelMemory {
  const signal = new Int32Array(replySignal);
  const post = (request: RegionRequest): void => regions.postMessage(request);
  function request(wanted: Exclude<RegionRequest, { kind: 'free' }>): Region {
    const seen = Atomics.load(signal, 0);
    post(wanted);
    Atomics.wait(signal, 0, seen);
    const reply = receiveMessageOnPort(regions)!.message as RegionReply;
    if ('full' in reply) throw new MemoryFull(reply.full);
    // the main thread may have grown the memory just now: refresh this thread's view of its length
    if (memory.buffer.byteLength < reply.region.offset + wanted.bytes) memory.grow(0);
    return reply.region;
  }
  return {
    memory,
    maximumPages,
    allocate: (bytes) => clearRegion(memory, request({ kind: 'reserve', bytes })),
    share: (name, bytes) => request({ kind: 'share', name, bytes }).offset,
    free: (offset) => post({ kind: 'free', offset }),
  };
}

/** Regions granted to the current load. */
export interface RegionGrants {
  /** Transfers them to the loaded network. */
  commit(): void;
  /** Frees them. The loader thread must not write to them any more. */
  revoke(): void;
  /** Stops replying: the thread has exited or is being terminated. */
  close(): void;
}

/**
 * The main thread's side: replies to region requests, one at a time.
 * @param port connected to the loader thread
 */
export function serveRegionRequests(
  port: MessagePort,
  replySignal: SharedArrayBuffer,
  memory: Pick<SharedMemory, 'reserve' | 'share' | 'free'>,
): RegionGrants {
  const signal = new Int32Array(replySignal);
  /** By address; a shared one as often as it was asked for. */
  let granted: number[] = [];
  let closed = false;
  const grant = (request: Exclude<RegionRequest, { kind: 'free' }>): RegionReply => {
    try {
      const region =
        request.kind === 'reserve'
          ? memory.reserve(request.bytes)
          : { offset: memory.share(request.name, request.bytes), usedBytes: 0 };
      granted.push(region.offset);
      return { region };
    } catch (error) {
      if (error instanceof MemoryFull) return { full: error.message };
      throw error;
    }
  };
  port.on('message', (request: RegionRequest) => {
    if (closed) return;
    if (request.kind === 'free') {
      const index = granted.indexOf(request.offset);
      if (index < 0) return;
      granted.splice(index, 1);
      memory.free(request.offset);
      return;
    }
    port.postMessage(grant(request));
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
  port.unref();
  return {
    commit() {
      granted = [];
    },
    revoke() {
      for (const offset of granted) memory.free(offset);
      granted = [];
    },
    close() {
      closed = true;
      port.close();
    },
  };
}
