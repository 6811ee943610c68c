import { countOutputRows, findRowSteps, isSequenceToOne } from '../network/sequence-to-one.ts';
import { rowOfStep } from '../operators/row-count.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { checkReplySize, numberBytes } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { checkInsideSize, readInsideOptions, type InsideOptions } from './inside-options.ts';
import { collectInside, createWaitingRows, type InsideValues } from './inside-values.ts';
import { countSteps, readInputs, type PreparedSequence } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import type { Collector } from './collect-events.ts';
import { requireSingle, runSequences, sequenceOutputs, splitRows, streamSequence } from './run-sequences.ts';
import { measureUsage, type TaskResult } from './task-result.ts';

export interface PredictBody extends InsideOptions {
  readonly input: TaskInput;
  /** Whether every step has its output, also where a network has one a sequence: that of the sequence so far. */
  readonly each?: boolean | undefined;
}
export interface PredictResult extends TaskResult {
  /** The values of each sequence, in the outputs' own units. [rows, width] */
  readonly predictions: Float32Array[];
  /** Of each sequence, where they are wanted. */
  readonly inside?: (InsideValues | undefined)[];
}
export type PredictEvent =
  /** The step with which a row is complete; values [outputWidth] */
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly values: Float32Array;
      readonly inside: InsideValues | undefined;
    }
  | { readonly kind: 'done'; readonly result: PredictResult };

/** The shape of a prediction: `perStep` has a row for each step; otherwise the number of rows is fixed. */
export function predictionShape({ spec, network }: Pick<ServedModel, 'spec' | 'network'>): {
  readonly perStep: boolean;
  readonly rows: number;
  readonly width: number;
} {
  const { outputWidth } = network.info;
  if (!isSequenceToOne(spec.network)) return { perStep: true, rows: 1, width: outputWidth };
  const rows = countOutputRows(spec.network);
  return { perStep: false, rows, width: outputWidth / rows };
}

/** Numbers in, numbers out; one-to-one is a sequence of one step. */
export async function predict(context: TaskContext, call: Call, body: PredictBody): Promise<PredictResult> {
  const { model, signal } = call;
  const every = body.each === true || predictionShape(model).perStep;
  const sequences = await readInputs(model, body.input, context.limits, signal);
  const inside = readInsideOptions(model, body);
  const estimate = (): number => replyBytes(model, sequences, every);
  checkReplySize(sequences, estimate, call, context.limits);
  if (inside) checkInsideSize(inside, countSteps(sequences), body, context.limits, estimate());
  const submissions = sequences.map((sequence) =>
    sequenceOutputs(model, sequence, every ? 'every' : 'last', inside),
  );
  const results = await runSequences(context, call, submissions, (_, slice) =>
    collectInside(inside, collectValues(model, call, slice)),
  );
  const ends = results.map(({ end }) => end);
  return {
    usage: measureUsage(ends, sequences),
    predictions: results.map(({ result }) => result.value),
    inside: results.map(({ result }) => result.inside),
  };
}

/** Bytes of `[],`. */
const rowBytes = 3;

function replyBytes(model: ServedModel, sequences: readonly PreparedSequence[], every: boolean): number {
  const rows = sequences.reduce((sum, { steps }) => sum + (every ? steps : 1), 0);
  return rows * (model.network.info.outputWidth * numberBytes + rowBytes);
}

/** Rows of outputs in their own units, joined at the end. */
function collectValues(
  model: ServedModel,
  { continuation }: Pick<Call, 'continuation'>,
  slice: TimeSlice,
): Collector<Float32Array> {
  const parts: Float32Array[] = [];
  const hasRow = rowFilter(model);
  let step = continuation?.steps ?? 0;
  async function pushAll(rows: readonly Float32Array[]): Promise<void> {
    for (const values of rows) parts.push(await toUnits(model, values, slice));
  }
  return {
    push(event) {
      if (event.kind !== 'outputs') return;
      const rows = hasRow ? splitRows(event).filter((_, t) => hasRow(step + t)) : [event.values];
      step += event.steps;
      const [only] = rows;
      // most requests have one short event: no promise for it
      if (rows.length !== 1 || only!.length > numbersPerCheck) return pushAll(rows);
      parts.push(scaleToUnits(model, only!.slice(), 0));
    },
    end: () => (parts.length === 1 ? parts[0]! : join(parts)),
  };
}

/** Tells the steps that have a row; null where all have one that are asked for. */
function rowFilter({ spec }: ServedModel): ((step: number) => boolean) | null {
  const every = findRowSteps(spec.network);
  return every && ((step) => rowOfStep(every, step) >= 0);
}

/** An event with the output after every step that has one, then the result. */
export async function* predictStream(
  context: TaskContext,
  call: Call,
  body: PredictBody,
): AsyncGenerator<PredictEvent> {
  const { model, signal } = call;
  const sequence = requireSingle(await readInputs(model, body.input, context.limits, signal), 'input');
  const inside = readInsideOptions(model, body);
  checkInsideSize(inside, model.network.info.causal ? 1 : sequence.steps, body, context.limits);
  const waiting = createWaitingRows(inside);
  const slice = createTimeSlice(signal);
  const rows: Float32Array[] = [];
  const hasRow = rowFilter(model) ?? (() => true);
  const before = call.continuation?.steps ?? 0;
  let step = 0;
  for await (const event of streamSequence(
    context,
    call,
    sequenceOutputs(model, sequence, 'every', inside),
  )) {
    waiting.push(event);
    if (event.kind === 'outputs') {
      for (const row of splitRows(event)) {
        const own = step++;
        const seen = waiting.take(own);
        if (!hasRow(before + own)) continue;
        const values = await toUnits(model, row, slice);
        yield { kind: 'step', step: own, values, inside: seen };
        rows.push(values);
      }
    } else if (event.kind === 'done') {
      const values = predictionShape(model).perStep ? join(rows) : rows.at(-1)!;
      yield { kind: 'done', result: { usage: measureUsage([event], [sequence]), predictions: [values] } };
    }
  }
}

function join(parts: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values;
}

const numbersPerCheck = 16_384;

/** Copies rows of outputs from the network's scale to their units'. rows [n, outputWidth] */
async function toUnits(model: ServedModel, rows: Float32Array, slice: TimeSlice): Promise<Float32Array> {
  const values = rows.slice();
  for (let from = 0; from < values.length; from += numbersPerCheck) {
    scaleToUnits(model, values.subarray(from, from + numbersPerCheck), from);
    if (slice.due()) await slice.next();
  }
  return values;
}

/** Changes values in place. @param from the place of the first among those of whole rows */
function scaleToUnits({ spec, network }: ServedModel, values: Float32Array, from: number): Float32Array {
  const { units } = spec.outputs;
  if (!units) return values;
  const width = network.info.outputWidth;
  for (let k = 0; k < values.length; k++) {
    const unit = units[((from + k) % width) % units.length];
    if (unit) values[k] = values[k]! * unit.scale + unit.mean;
  }
  return values;
}
