import { expect, vi } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import type { Engine, EngineOptions } from '../../src/engine/engine-interface.ts';
import type { NetworkHandle, SequenceRequest } from '../../src/engine/engine-interface.ts';
import type { GenerationOptions } from '../../src/decoding/generation.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { ids, network, randomSequence, randomWeights } from '../network/random-network.ts';

// An engine with worker threads and small networks of random weights.

// Nothing here is timed: a test ends when its sequences do, on a loaded machine after minutes. A test that
// gives up after 60 seconds, or a request with such a deadline, fails where a process is starved of its
// processor, and says nothing about the engine. The limits below only end a test that hangs.
const patienceMs = 600_000;
vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs });

export const vocabulary = 20;
export const tokens = Array.from({ length: vocabulary }, (_, id) => String.fromCharCode(97 + id));

export const causal: NetworkSpec = network([
  { type: 'embedding', vocabulary, units: 8 },
  { type: 'recurrent', cell: 'gru', units: 24 },
  { type: 'pool', mode: 'mean' },
  { type: 'dense', units: vocabulary, activation: 'softmax' },
]);
export const bidirectional: NetworkSpec = network([
  { type: 'embedding', vocabulary, units: 8 },
  { type: 'recurrent', cell: 'lstm', units: 12, bidirectional: true },
  { type: 'dense', units: 5 },
]);

export const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });

export const startEngine = (options: Partial<EngineOptions> = {}): Engine =>
  createEngine({ kernel, workers: 2, slots: 4, queue: 1000, maxSteps: 20_000, ...options });

export function loadNetwork(engine: Engine, spec: NetworkSpec, input: NetworkInput = ids(vocabulary)) {
  return engine.load(spec, randomWeights(spec, input), { tokens });
}

export const someIds = (steps: number, seed: number): Int32Array =>
  randomSequence(ids(vocabulary), steps, seed) as Int32Array;

export const request = (handle: NetworkHandle, more: Partial<SequenceRequest> = {}): SequenceRequest => ({
  network: handle,
  input: someIds(10, 1),
  steps: 'last',
  output: 'output',
  deadlineMs: performance.now() + patienceMs,
  ...more,
});

export const generating = (more: Partial<GenerationOptions> = {}): GenerationOptions => ({
  maxTokens: 50,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  seed: 7,
  stop: [],
  choice: 0,
  prompt: [],
  separator: '',
  textOnly: false,
  logprobs: 0,
  ...more,
});

export interface Result {
  values: number[];
  /** Steps of the outputs, in the order of arrival. */
  order: number[];
  text: string;
  indexes: number[];
  steps: number;
}

/** Reads a sequence to its end. */
export async function readResult(events: AsyncIterable<SequenceEvent>): Promise<Result> {
  const result: Result = { values: [], order: [], text: '', indexes: [], steps: 0 };
  for await (const event of events) {
    if (event.kind === 'outputs') {
      result.values.push(...event.values);
      for (let step = 0; step < event.steps; step++) result.order.push(event.first + step);
    } else if (event.kind === 'token') {
      result.text += event.text;
      result.indexes.push(event.index);
    } else if (event.kind === 'text') {
      result.text += event.text;
      for (let token = 0; token < event.tokens; token++) result.indexes.push(event.index + token);
    } else if (event.kind === 'done') result.steps = event.steps;
  }
  return result;
}

/** Resolves when the condition is true; otherwise the test ends at its time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * Checks that every sequence is counted once, and that the workers have the sequences that the engine counts
 * as running, once they have received their messages.
 */
export async function expectReconciled(engine: Engine): Promise<void> {
  expect(engine.stats().unreconciled).toBe(0);
  await until(() => {
    const { workerSequences, running } = engine.stats();
    return workerSequences === running;
  });
  expect(engine.stats().unreconciled).toBe(0);
}
