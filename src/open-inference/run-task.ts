import { classify } from '../tasks/classify.ts';
import type { Call, TaskContext } from '../tasks/context.ts';
import { decode } from '../tasks/decode.ts';
import { generate } from '../tasks/generate.ts';
import { predict, predictionShape } from '../tasks/predict.ts';
import type { TaskInput } from '../tasks/task-input.ts';
import { tag } from '../tasks/tag.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { TextToken } from '../vocabulary/split.ts';
import { padNumbers, padTexts } from './pad-rows.ts';
import type { WireTensor } from './tensor.ts';

/** Runs the task of the call's model. @returns a function that turns its result into tensors */
export async function runTask(
  context: TaskContext,
  call: Call,
  input: TaskInput,
  settings: Readonly<Record<string, unknown>>,
): Promise<() => Promise<WireTensor[]> | WireTensor[]> {
  const { model, signal } = call;
  switch (model.spec.task) {
    case 'classify': {
      const { predictions } = await classify(context, call, { input, top_k: 1 });
      const labels = model.spec.outputs.labels!;
      return async () => {
        const scores = await padNumbers(
          predictions.map((prediction) => prediction.scores),
          labels.length,
          createTimeSlice(signal),
        );
        return [
          texts(
            'label',
            predictions.map(({ best }) => labels[best[0]!]!),
          ),
          { name: 'scores', datatype: 'FP32', shape: [predictions.length, labels.length], values: scores },
        ];
      };
    }
    case 'tag': {
      const { predictions } = await tag(context, call, { input });
      const rows = predictions.map(({ steps }) => steps);
      const longest = Math.max(...rows.map(({ length }) => length));
      const shape = [rows.length, longest];
      return async () => {
        const slice = createTimeSlice(signal);
        const labels = await padTexts(rows, longest, ({ label }) => label, slice);
        const scores = rows.map((row) => Float32Array.from(row, ({ score }) => score));
        return [
          { name: 'labels', datatype: 'BYTES', shape, values: labels },
          { name: 'scores', datatype: 'FP32', shape, values: await padNumbers(scores, longest, slice) },
          lengths(rows.map(({ length }) => length)),
          ...(predictions.some(({ tokens }) => tokens.length > 0)
            ? await tokenTensors(
                predictions.map(({ tokens }) => tokens),
                shape,
                slice,
              )
            : []),
        ];
      };
    }
    case 'predict': {
      const { predictions } = await predict(context, call, { input });
      const { perStep, rows, width } = predictionShape(model);
      const longest = Math.max(...predictions.map(({ length }) => length));
      return async () => {
        const values = await padNumbers(predictions, longest, createTimeSlice(signal));
        const shape = [predictions.length, ...(perStep ? [longest / width] : rows > 1 ? [rows] : []), width];
        const output: WireTensor = { name: 'output', datatype: 'FP32', shape, values };
        return perStep ? [output, lengths(predictions.map(({ length }) => length / width))] : [output];
      };
    }
    case 'decode': {
      const { predictions } = await decode(context, call, { ...settings, input });
      return () => [
        texts(
          'text',
          predictions.flatMap(({ hypotheses }) => hypotheses.map(({ text }) => text)),
        ),
      ];
    }
    case 'generate': {
      const { generations } = await generate(context, call, {
        ...settings,
        prompt: input as readonly string[],
      });
      return () => [
        texts(
          'text',
          generations.map(({ text }) => text),
        ),
      ];
    }
  }
}

/** The tokens that were tagged, and where they are in their texts. @param shape [sequences, longest] */
async function tokenTensors(
  sequences: readonly (readonly TextToken[])[],
  shape: readonly number[],
  slice: TimeSlice,
): Promise<WireTensor[]> {
  const longest = shape[1]!;
  const tokens = await padTexts(sequences, longest, ({ text }) => text, slice);
  const place = (name: string, toPlace: (token: TextToken) => number): WireTensor => {
    const values = Array<number>(tokens.length).fill(0);
    for (const [row, sequence] of sequences.entries())
      for (const [i, token] of sequence.entries()) values[row * longest + i] = toPlace(token);
    return { name, datatype: 'INT64', shape, values };
  };
  return [
    { name: 'tokens', datatype: 'BYTES', shape, values: tokens },
    place('starts', ({ start }) => start),
    place('ends', ({ end }) => end),
  ];
}

const texts = (name: string, values: readonly string[]): WireTensor => ({
  name,
  datatype: 'BYTES',
  shape: [values.length],
  values,
});

const lengths = (values: readonly number[]): WireTensor => ({
  name: 'lengths',
  datatype: 'INT64',
  shape: [values.length],
  values,
});
