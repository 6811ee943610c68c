import type { Engine, NetworkHandle, SequenceRequest } from '../../src/engine/engine-interface.ts';
import { fromGenerator } from '../../src/engine/event-source.ts';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import { bestOutputs, bestWidth } from '../../src/engine/worker/best-outputs.ts';
import { UnrollError } from '../../src/errors.ts';
import { modelSpec, type ModelSpec } from '../../src/network/spec.ts';
import { createModelStatistics } from '../../src/repository/model-statistics.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import type { TaskContext, TaskLimits } from '../../src/tasks/context.ts';
import type { ServerEvent } from '../../src/http/server-event.ts';
import type { TestCall } from '../support/task-replies.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';

// Tasks without an engine: a fake network whose outputs are a simple function of its whole input.

export const hiddenWidth = 3;

/** Output k after the first `steps` steps. */
export function outputAt(input: ArrayLike<number>, width: number, steps: number, k: number): number {
  let sum = 1;
  for (let i = 0; i < steps * width; i++) sum = (sum * 31 + input[i]! * (i + 1)) % 1009;
  return Math.fround((Math.abs(sum) * (k + 3)) % 97) / 97;
}

export interface FakeOptions {
  /** The error where the model's queue is full. */
  readonly overload?: () => UnrollError | null;
  readonly limits?: Partial<TaskLimits>;
  /** Called with each request before its first event; may throw. */
  readonly before?: (request: SequenceRequest, index: number) => Promise<void> | void;
  /** The value of every output, instead. */
  readonly output?: number;
  readonly finish?: 'stop' | 'length';
}

export interface FakeContext extends TaskContext {
  readonly requests: SequenceRequest[];
  /** Sequences that have started and not ended. */
  open(): number;
  /** Leases that have not been released. */
  leases(): number;
}

export function fakeContext(model: ServedModel, options: FakeOptions = {}): FakeContext {
  const requests: SequenceRequest[] = [];
  let open = 0;
  let leases = 0;
  const width = model.spec.inputs.kind === 'text' ? 1 : model.spec.inputs.features.length;
  const layers = model.spec.network.layers;
  const last = layers.at(-1)!;
  const outputs = last.type === 'dense' || last.type === 'operator_graph' ? last.units : 1;
  const tokens = model.vocabulary?.tokens ?? [];

  async function* run(request: SequenceRequest, index: number): AsyncGenerator<SequenceEvent> {
    open++;
    try {
      await options.before?.(request, index);
      if (request.signal?.aborted) throw new UnrollError('cancelled', 'the caller disconnected');
      const { input, steps: want, output: what, generation } = request;
      const steps = input.length / width;
      if (generation) {
        for (let i = 0; i < generation.maxTokens; i++) {
          const id = (generation.seed + generation.choice + input.length + i) % tokens.length;
          const text = (i > 0 ? generation.separator : '') + tokens.at(id)!;
          const token = { id, text, logprob: -0.123456789 };
          yield { kind: 'token', index: i, ...token, top: generation.logprobs > 0 ? [token] : [] };
        }
        const finish = options.finish ?? 'length';
        yield {
          kind: 'done',
          finish,
          steps: steps + generation.maxTokens,
          queuedMs: 1,
          runMs: 2,
          state: null,
        };
        return;
      }
      const rowWidth = what === 'hidden' ? hiddenWidth : outputs;
      const row = (step: number): number[] =>
        Array.from({ length: rowWidth }, (_, k) => options.output ?? outputAt(input, width, step + 1, k));
      const events = want === 'last' ? [[steps - 1]] : halves(steps);
      for (const part of events) {
        const values = Float32Array.from(part.flatMap(row));
        const best = what === 'best';
        yield {
          kind: 'outputs',
          first: part[0]!,
          steps: part.length,
          width: best ? bestWidth : rowWidth,
          values: best ? bestOutputs(values, rowWidth) : values,
        };
      }
      yield { kind: 'done', finish: null, steps, queuedMs: index + 0.123456, runMs: 2, state: null };
    } finally {
      open--;
    }
  }

  const engine = {
    findOverload: () => options.overload?.() ?? null,
    submit(request: SequenceRequest) {
      requests.push(request);
      return fromGenerator(run(request, requests.length - 1));
    },
  } as unknown as Engine;
  const repository = {
    acquire(reference: string) {
      if (![model.name, `${model.name}@${model.version}`].includes(reference))
        throw new UnrollError('model_not_found', `no model ${reference}`);
      leases++;
      return { model, release: () => void leases-- };
    },
  } as unknown as TaskContext['repository'];

  return {
    engine,
    repository,
    limits: {
      maxSteps: 20,
      maxInputs: 4,
      maxTokens: 50,
      maxRequestSteps: 1000,
      maxReplyBytes: 1_000_000,
      timeoutMs: 1000,
      maxTimeoutMs: 5000,
      ...options.limits,
    },
    requests,
    open: () => open,
    leases: () => leases,
  };
}

/** Splits the steps into two events, like chunks. */
function halves(steps: number): number[][] {
  const all = Array.from({ length: steps }, (_, step) => step);
  const middle = Math.ceil(steps / 2);
  return [all.slice(0, middle), all.slice(middle)].filter((part) => part.length > 0);
}

type SpecInput = Parameters<typeof modelSpec.parse>[0];

function serve(spec: SpecInput, outputWidth = 1): ServedModel {
  const parsed: ModelSpec = modelSpec.parse(spec);
  return {
    name: parsed.name,
    version: 3,
    spec: parsed,
    vocabulary: parsed.inputs.kind === 'text' ? createVocabulary(parsed.inputs) : null,
    target: parsed.outputs.vocabulary ? createVocabulary(parsed.outputs.vocabulary) : null,
    chain: null,
    network: { id: 1, info: { outputWidth } } as NetworkHandle,
    weightsHash: 'a'.repeat(64),
    graph: null,
    signature: null,
    lookups: [],
    notes: [],
    statistics: createModelStatistics(),
  };
}

const gru = { type: 'recurrent', cell: 'gru', units: hiddenWidth };
export const tokens = Array.from('?abcdefg ');
const text = { kind: 'text', vocabulary: 'characters', tokens, unknown: 0 };
const embedding = { type: 'embedding', vocabulary: tokens.length, units: 2 };
export const labels = ['red', 'green', 'blue', 'grey'];

export const models = {
  classify: (outputs: object = {}, inputs: object = {}): ServedModel =>
    serve({
      schema: 1,
      name: 'colours',
      task: 'classify',
      inputs: { ...text, ...inputs },
      network: { layers: [embedding, gru, { type: 'pool', mode: 'mean' }, { type: 'dense', units: 4 }] },
      outputs: { labels, ...outputs },
    }),
  tag: (inputs: object = {}): ServedModel =>
    serve({
      schema: 1,
      name: 'colours',
      task: 'tag',
      inputs: { ...text, ...inputs },
      network: { layers: [embedding, gru, { type: 'dense', units: 4 }] },
      outputs: { labels },
    }),
  predict: (more: { features?: object[]; units?: object[]; pool?: boolean } = {}): ServedModel =>
    serve(
      {
        schema: 1,
        name: 'colours',
        task: 'predict',
        inputs: { kind: 'numeric', features: more.features ?? [{ name: 'x' }, { name: 'y' }] },
        network: {
          layers: [gru, ...(more.pool ? [{ type: 'pool', mode: 'last' }] : []), { type: 'dense', units: 2 }],
        },
        outputs: { units: more.units },
      },
      2,
    ),
  /** Gives three rows of two numbers for any input. */
  predictRows: (units?: object[]): ServedModel =>
    serve(
      {
        schema: 1,
        name: 'colours',
        task: 'predict',
        inputs: { kind: 'numeric', features: [{ name: 'x' }, { name: 'y' }] },
        network: {
          layers: [
            {
              type: 'operator_graph',
              runs: 'sequence',
              input: { value: 'x', shape: [1, -1, 2] },
              output: { value: 'y', gives: 'sequence', rows: 3 },
              units: 6,
              operators: [],
            },
          ],
        },
        outputs: { units },
      },
      6,
    ),
  generate: (inputs: object = {}, decoding: object = {}): ServedModel =>
    serve({
      schema: 1,
      name: 'colours',
      task: 'generate',
      inputs: { ...text, start: 8, ...inputs },
      network: { layers: [embedding, gru, { type: 'dense', units: tokens.length }] },
      decoding,
    }),
};

export const call = (more: Partial<TestCall> = {}): TestCall => ({
  reference: 'colours',
  signal: new AbortController().signal,
  ...more,
});

export async function collect(events: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const all: ServerEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
