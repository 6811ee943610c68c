import { countOutputRows, isSequenceToOne } from '../network/sequence-to-one.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice } from '../time-slice.ts';
import { checkReplySize } from './budgets.ts';
import type { Call, TaskContext } from './context.ts';
import { checkInsideSize, readInsideOptions, type InsideOptions } from './inside-options.ts';
import { collectInside, createWaitingRows, type InsideValues } from './inside-values.ts';
import { countSteps, readInputs } from './read-input.ts';
import type { TaskInput } from './task-input.ts';
import { collectValues, joinRows, rowFilter, toUnits } from './collect-values.ts';
import { requireSingle, runSequences, sequenceOutputs, splitRows, streamSequence } from './run-sequences.ts';
import { predictionBytes } from './prediction-bytes.ts';
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
  const estimate = (): number => predictionBytes(model, sequences, every);
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
      const values = predictionShape(model).perStep ? joinRows(rows) : rows.at(-1)!;
      yield { kind: 'done', result: { usage: measureUsage([event], [sequence]), predictions: [values] } };
    }
  }
}
