import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { clearRegion, MemoryFull, type KernelMemory, type SharedMemory } from '../kernel/memory.ts';
import type { LoaderData, RegionReply, RegionRequest } from './loader-messages.ts';

// Regions of the kernel's memory for a thread that does not keep account of it: both ends of the conversation.

/** The asking end: waits for each answer, then zeroes what may be left of an earlier owner. */
export function createRegionClient(
  { regions, replySignal }: LoaderData,
  { memory, maximumPages }: Pick<KernelMemory, 'memory' | 'maximumPages'>,
): KernelMemory {
  const signal = new Int32Array(replySignal);
  const post = (request: RegionRequest): void => regions.postMessage(request);
  return {
    memory,
    maximumPages,
    allocate(bytes) {
      const seen = Atomics.load(signal, 0);
      post({ kind: 'reserve', bytes });
      Atomics.wait(signal, 0, seen);
      const answer = receiveMessageOnPort(regions)!.message as RegionReply;
      if ('full' in answer) throw new MemoryFull(answer.full);
      // the other thread may have just grown the memory, and this thread's buffer not have followed
      if (memory.buffer.byteLength < answer.region.offset + bytes) memory.grow(0);
      return clearRegion(memory, answer.region);
    },
    free: (offset) => post({ kind: 'free', offset }),
  };
}

/** Regions that were handed out to a load that is not over. */
export interface RegionGrants {
  /** The load has ended well: they are the network's now. */
  commit(): void;
  /** Frees them. Nobody may write to them any more. */
  revoke(): void;
  /** Answers nothing any more: the thread is gone, or about to be. */
  close(): void;
}

/** The answering end. @param port to a thread whose requests are answered one by one */
export function serveRegionRequests(
  port: MessagePort,
  replySignal: SharedArrayBuffer,
  memory: Pick<SharedMemory, 'reserve' | 'free'>,
): RegionGrants {
  const signal = new Int32Array(replySignal);
  const held = new Set<number>();
  let closed = false;
  const reserve = (bytes: number): RegionReply => {
    try {
      const region = memory.reserve(bytes);
      held.add(region.offset);
      return { region };
    } catch (error) {
      if (error instanceof MemoryFull) return { full: error.message };
      throw error;
    }
  };
  port.on('message', (request: RegionRequest) => {
    if (closed) return;
    if (request.kind === 'free') {
      if (held.delete(request.offset)) memory.free(request.offset);
      return;
    }
    port.postMessage(reserve(request.bytes));
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
  port.unref();
  return {
    commit: () => held.clear(),
    revoke() {
      for (const offset of held) memory.free(offset);
      held.clear();
    },
    close() {
      closed = true;
      port.close();
    },
  };
}
