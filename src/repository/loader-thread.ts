import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UnrollError } from '../errors.ts';
import { openKernel, type Kernel } from '../kernel/kernel.ts';
import { loadModel } from './load-model.ts';
import type { LoaderReply, LoaderData, LoadRequest } from './loader-messages.ts';
import { createRegionClient } from './region-requests.ts';

// Entry point of the loader thread (see loader.ts): handles one load request at a time.

const { background } = workerData as LoaderData;
// below the workers, but not the lowest, so that models load on a busy machine too; only Linux has priorities
// per thread
if (background && process.platform === 'linux') setPriority(10);

const port = parentPort!;
let kernel: Kernel | null = null;

async function load({ share, sizes, verdicts, ...version }: LoadRequest): Promise<LoaderReply> {
  const own = new Map(verdicts);
  try {
    kernel ??= openKernel(share, createRegionClient(workerData as LoaderData, share));
    const model = await loadModel({ ...version, verdicts: own }, kernel, sizes, (task) =>
      port.postMessage({ kind: 'described', task }),
    );
    return { kind: 'loaded', model };
  } catch (error) {
    if (error instanceof UnrollError)
      return { kind: 'failed', code: error.code, message: error.message, field: error.field };
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'failed', code: null, message, field: undefined };
  } finally {
    const added = new Map([...own].filter(([key]) => !verdicts.has(key)));
    if (added.size > 0) port.postMessage({ kind: 'verified', verdicts: added } satisfies LoaderReply);
  }
}

/** The buffers of a reply to transfer instead of copy: those of the CRF. */
function listTransfers(reply: LoaderReply): ArrayBuffer[] {
  const sequence = reply.kind === 'loaded' ? reply.model.sequence : '';
  const chain = typeof sequence === 'string' ? null : sequence.chain;
  if (!chain) return [];
  const { transitions, start, end } = chain.crf;
  return [transitions, start, end, chain.transitions].map(({ buffer }) => buffer as ArrayBuffer);
}

port.on('message', (request: LoadRequest) => {
  void load(request).then((reply) => port.postMessage(reply, listTransfers(reply)));
});
