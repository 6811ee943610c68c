import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { foldSignedGraph } from '../../src/formats/operators/fold-signed-graph.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { placeGraph } from '../../src/engine/place-graph.ts';
import type { GraphHandle } from '../../src/engine/engine-interface.ts';
import { evaluateGraph } from '../../src/open-inference/evaluate-graph.ts';
import type { WireTensor } from '../../src/open-inference/tensor.ts';
import type { SignedGraph } from '../../src/operators/signature.ts';
import type { TaskLimits } from '../../src/tasks/context.ts';
import { kernel, startEngine } from '../engine/served-networks.ts';

// Graphs of golden files in an engine with a worker thread, as a route evaluates them.

const golden = join(import.meta.dirname, '../golden');
export const engine = startEngine({ workers: 1 });
afterAll(() => engine.close());

const limits = { maxReplyBytes: 1 << 24, timeoutMs: 600_000, maxTimeoutMs: 600_000 } as TaskLimits;

export async function readGraph(file: string): Promise<SignedGraph> {
  const { graph } = await readImportedFile(readFileSync(join(golden, file)));
  return foldSignedGraph(graph!());
}
export const serveGraph = (graph: SignedGraph): Promise<GraphHandle> =>
  engine.registerGraph(placeGraph(graph, { kernel, workers: 1 }));

export interface Asked {
  readonly outputs?: readonly { readonly name: string }[];
  readonly signal?: AbortSignal;
  readonly limits?: Partial<TaskLimits>;
  readonly timeoutMs?: number;
  readonly binary?: boolean;
}

export const evaluate = (
  graph: GraphHandle,
  inputs: readonly WireTensor[],
  { outputs, signal = new AbortController().signal, timeoutMs, binary = false, ...more }: Asked = {},
): Promise<WireTensor[]> =>
  evaluateGraph(
    { engine, limits: { ...limits, ...more.limits } },
    { signal, timeoutMs },
    graph,
    { inputs, outputs, binary },
    { recordTensors: () => {} },
  );

/** A tensor as answers.json has it. */
export interface GoldenTensor extends Omit<WireTensor, 'values'> {
  readonly data: number[];
}
export const toWire = ({ data, ...tensor }: GoldenTensor): WireTensor => ({ ...tensor, values: data });

export const signatureAnswers = JSON.parse(
  readFileSync(join(golden, 'onnx-signatures/answers.json'), 'utf8'),
) as Record<string, { inputs: GoldenTensor[]; outputs: GoldenTensor[] }[]>;
