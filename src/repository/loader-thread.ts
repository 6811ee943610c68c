import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UnrollError } from '../errors.ts';
import { openKernel, type Kernel } from '../kernel/kernel.ts';
import type { ViewVerdict, ViewVerdicts } from '../formats/view-verdicts.ts';
import { openKeptVerdicts } from './kept-verdicts.ts';
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

/** Opened with the first file that has a verdict: models of ours have none. */
let opened: ViewVerdicts | null = null;
const kept = (): ViewVerdicts => (opened ??= openKeptVerdicts());

/** @param read what was read is not written again */
function readKept(key: string, read: Map<string, ViewVerdict>): ViewVerdict | undefined {
  const verdict = kept().get(key);
  if (verdict) read.set(key, verdict);
  return verdict;
}

async function load({ share, sizes, verdicts, ...version }: LoadRequest): Promise<LoaderReply> {
  const added = new Map<string, ViewVerdict>();
  const own: ViewVerdicts = {
    get: (key) => verdicts.get(key) ?? readKept(key, added),
    set(key, verdict) {
      if (verdicts.has(key) || added.has(key)) return;
      added.set(key, verdict);
      kept().set(key, verdict);
    },
  };
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
