import { answerRows, answersOnce } from '../network/answers-once.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { checkReplySize, numberBytes } from './budgets.ts';
import type { Call, TaskContext, TaskEvent } from './context.ts';
import { shortestFloat32 } from './float32-text.ts';
import { readInputs, type PreparedSequence, type TaskInput } from './read-input.ts';
import {
  streamSequence,
  requireSingle,
  splitRows,
  runSequences,
  type Collector,
  type Submission,
} from './run-sequences.ts';
import { streamWithModel, withModel } from './with-model.ts';
import { headOf, type ReplyHead } from './usage.ts';

export interface PredictBody {
  readonly input: TaskInput;
}
export interface PredictReply extends ReplyHead {
  /** One row for a network that answers once (or as many as its answer always has), else a row a step. */
  readonly predictions: { readonly output: number[] | number[][] }[];
}

/** Numbers in, numbers out; one-to-one is a sequence of one step. */
export function predict(context: TaskContext, call: Call, body: PredictBody): Promise<PredictReply> {
  return withModel(context, call, 'predict', async (model) => {
    const once = answersOnce(model.spec.network);
    const sequences = await readInputs(model, body.input, context.limits, call.signal);
    const bytes = (): number =>
      sequences.reduce((sum, { steps }) => sum + (once ? 1 : steps), 0) *
      (model.network.info.outputWidth * numberBytes + rowBytes);
    checkReplySize(sequences, bytes, call, context.limits);
    const submissions = sequences.map((sequence) => submissionOf(model, sequence, once ? 'last' : 'every'));
    const results = await runSequences(context, call, submissions, (_, slice) => collectRows(model, slice));
    const ends = results.map(({ end }) => end);
    return {
      ...headOf(model, ends, sequences),
      predictions: results.map(({ result }) => ({
        output: once ? answerOf(model, result.at(-1)!) : result,
      })),
    };
  });
}

/** Bytes of `[],`. */
const rowBytes = 3;

/** Rows of outputs on the world's scale. */
function collectRows(model: ServedModel, slice: TimeSlice): Collector<number[][]> {
  const rows: number[][] = [];
  return {
    async push(event) {
      if (event.kind !== 'outputs') return;
      for (const row of splitRows(event)) {
        rows.push(await inUnits(model, row, slice));
        if (slice.due()) await slice.next();
      }
    },
    end: () => rows,
  };
}

/** A `step` event with the output after every step, then the reply. */
export function predictStream(
  context: TaskContext,
  call: Call,
  body: PredictBody,
): AsyncGenerator<TaskEvent> {
  return streamWithModel(context, call, 'predict', async function* (model) {
    const sequence = requireSingle(await readInputs(model, body.input, context.limits, call.signal), 'input');
    const slice = createTimeSlice(call.signal);
    const rows: number[][] = [];
    for await (const event of streamSequence(context, call, submissionOf(model, sequence, 'every'))) {
      if (event.kind === 'outputs') {
        for (const row of splitRows(event)) {
          const output = await inUnits(model, row, slice);
          yield { event: 'step', data: { step: rows.length, output } };
          rows.push(output);
        }
      } else if (event.kind === 'done') {
        const once = answersOnce(model.spec.network);
        const predictions = [{ output: once ? answerOf(model, rows.at(-1)!) : rows }];
        const reply: PredictReply = { ...headOf(model, [event], [sequence]), predictions };
        yield { event: 'done', data: reply };
      }
    }
  });
}

const submissionOf = (
  { network }: ServedModel,
  { values }: PreparedSequence,
  want: 'last' | 'every',
): Submission => ({
  network,
  input: values,
  steps: want,
  output: 'output',
});

/** What answers once, in its rows where it has several. */
function answerOf({ spec }: ServedModel, numbers: number[]): number[] | number[][] {
  const rows = answerRows(spec.network);
  if (rows === 1) return numbers;
  const width = numbers.length / rows;
  return Array.from({ length: rows }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

const numbersAPart = 4096;

/** Back from the network's scale to the world's. */
async function inUnits({ spec }: ServedModel, row: Float32Array, slice: TimeSlice): Promise<number[]> {
  const units = spec.outputs.units;
  const numbers: number[] = [];
  for (let k = 0; k < row.length; k++) {
    const unit = units?.[k % units.length];
    const value = row[k]!;
    numbers.push(shortestFloat32(unit ? Math.fround(value * unit.scale + unit.mean) : value));
    if (k % numbersAPart === numbersAPart - 1 && slice.due()) await slice.next();
  }
  return numbers;
}
