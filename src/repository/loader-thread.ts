import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UnrollError } from '../errors.ts';
import { openKernel, type Kernel } from '../kernel/kernel.ts';
import { loadModel } from './load-model.ts';
import type { LoaderReply, LoaderData, LoadRequest } from './loader-messages.ts';
import { createRegionClient } from './region-requests.ts';

// The loader's thread: one request at a time, whatever it takes, while others serve (loader.ts).

/** Gives way to the workers; not the lowest, so that a model is loaded on a busy machine too. Only Linux has it a thread. */
if (process.platform === 'linux') setPriority(10);

const port = parentPort!;
let kernel: Kernel | null = null;

async function load({ share, sizes, ...version }: LoadRequest): Promise<LoaderReply> {
  try {
    kernel ??= openKernel(share, createRegionClient(workerData as LoaderData, share));
    const model = await loadModel(version, kernel, sizes, (task) =>
      port.postMessage({ kind: 'described', task }),
    );
    return { kind: 'loaded', model };
  } catch (error) {
    if (error instanceof UnrollError)
      return { kind: 'failed', code: error.code, message: error.message, field: error.field };
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'failed', code: null, message, field: undefined };
  }
}

/** A chain's numbers are moved, not copied. */
function buffersOf(answer: LoaderReply): ArrayBuffer[] {
  const chain = answer.kind === 'loaded' ? answer.model.chain : null;
  if (!chain) return [];
  const { transitions, start, end } = chain.crf;
  return [transitions, start, end, chain.transitions].map(({ buffer }) => buffer as ArrayBuffer);
}

port.on('message', (request: LoadRequest) => {
  void load(request).then((answer) => port.postMessage(answer, buffersOf(answer)));
});
