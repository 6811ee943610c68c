import { answersOnce } from '../network/answers-once.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Datatype } from './datatypes.ts';
import type { WireTensor } from './tensor.ts';
import { classify } from '../tasks/classify.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import { longestTextBytes, numberBytes } from '../tasks/budgets.ts';
import type { Call, TaskContext } from '../tasks/context.ts';
import { decode } from '../tasks/decode.ts';
import { generate } from '../tasks/generate.ts';
import { predict } from '../tasks/predict.ts';
import type { TaskInput } from '../tasks/read-input.ts';
import { readTensors } from './read-tensors.ts';
import { tag } from '../tasks/tag.ts';
import { tensorNames } from './tensor-names.ts';
import { withModel } from '../tasks/with-model.ts';

// Tensors in and out of any model, as the Open Inference Protocol has them. A batch of sequences of different lengths is a tensor as
// long as the longest with `lengths` beside it: what lies past a sequence's length is not read, and is 0 or '' in what comes back.

export interface Inferred {
  readonly model: Pick<ServedModel, 'name' | 'version'>;
  readonly outputs: readonly WireTensor[];
}

export interface InferRequest {
  readonly inputs: readonly WireTensor[];
  /** Whether numbers are answered in binary, which takes a third of the bytes of JSON. */
  readonly binary: boolean;
}

/**
 * Answers tensors. @param settings fields of `generate` or `decode` (max_tokens, seed, beam_size …)
 * @throws UnrollError invalid_request, and whatever the model's task throws
 */
export function infer(
  context: TaskContext,
  call: Call,
  { inputs, binary }: InferRequest,
  settings: Readonly<Record<string, unknown>>,
): Promise<Inferred> {
  return withModel(context, call, null, async (model) => {
    const began = performance.now();
    const { toNative: ours, toSource: theirs } = tensorNames(model.spec);
    const named = inputs.map((input) => ({ ...input, name: ours(input.name) }));
    const sequences = await readTensors(model, named, context.limits, createTimeSlice(call.signal));
    const read = performance.now();
    // the version that was asked about is the one that answers
    const own: Call = {
      ...call,
      reference: `${model.name}@${model.version}`,
      counted: true,
      replyBytes: replyBytesOf(model, binary ? bytesInBinary : numberBytes),
    };
    let answered = read;
    const task = async <T>(answering: Promise<T>): Promise<T> => {
      const said = await answering;
      answered = performance.now();
      return said;
    };
    const outputs = await answer(context, own, model, sequences, settings, task);
    model.statistics.recordTensors(read - began, performance.now() - answered);
    return { model, outputs: outputs.map((output) => ({ ...output, name: theirs(output.name) })) };
  });
}

async function answer(
  context: TaskContext,
  call: Call,
  { spec }: ServedModel,
  input: TaskInput,
  settings: Readonly<Record<string, unknown>>,
  /** Is told when the model's own task is done. */
  done: <T>(task: Promise<T>) => Promise<T>,
): Promise<WireTensor[]> {
  const batch = typeof input === 'object' && 'ids' in input ? input.ids.length : input.length;
  const slice = createTimeSlice(call.signal);
  switch (spec.task) {
    case 'classify': {
      const labels = spec.outputs.labels!;
      const place = new Map(labels.map((label, id) => [label, id]));
      const { predictions } = await done(classify(context, call, { input, top_k: labels.length }));
      const scores = Array<number>(batch * labels.length).fill(0);
      for (const [row, { top }] of predictions.entries()) {
        for (const { label, score } of top) scores[row * labels.length + place.get(label)!] = score;
        if (slice.due()) await slice.next();
      }
      return [
        { name: 'label', datatype: 'BYTES', shape: [batch], values: predictions.map(({ label }) => label) },
        { name: 'scores', datatype: 'FP32', shape: [batch, labels.length], values: scores },
      ];
    }
    case 'tag': {
      const { predictions } = await done(tag(context, call, { input }));
      const rows = predictions.map(({ tokens }) => tokens);
      return [
        await stepped('labels', 'BYTES', rows, ({ label }) => [label], '', slice),
        await stepped('scores', 'FP32', rows, ({ score }) => [score], 0, slice),
        lengthsOf(rows),
      ];
    }
    case 'predict': {
      const { predictions } = await done(predict(context, call, { input }));
      const rows = predictions.map(({ output }) => output);
      if (rows.every((row): row is number[] => !Array.isArray(row[0])))
        return [{ name: 'output', datatype: 'FP32', shape: [batch, rows[0]!.length], values: rows.flat() }];
      const steps = rows as number[][][];
      if (answersOnce(spec.network)) {
        const shape = [batch, steps[0]!.length, steps[0]![0]!.length];
        return [{ name: 'output', datatype: 'FP32', shape, values: steps.flat(2) }];
      }
      const output = await stepped('output', 'FP32', steps, (step) => step, 0, slice);
      return [{ ...output, shape: [...output.shape, steps[0]![0]!.length] }, lengthsOf(steps)];
    }
    case 'decode': {
      const { predictions } = await done(decode(context, call, { ...settings, input }));
      const texts = predictions.flatMap(({ hypotheses }) => hypotheses.map(({ text }) => text));
      return [{ name: 'text', datatype: 'BYTES', shape: [texts.length], values: texts }];
    }
    case 'generate': {
      const prompt = input as readonly string[];
      const { generations } = await done(generate(context, call, { ...settings, prompt }));
      const texts = generations.map(({ text }) => text);
      return [{ name: 'text', datatype: 'BYTES', shape: [texts.length], values: texts }];
    }
  }
}

/** Rows of steps, each of which gives as many values: [batch, longest], with `none` past a row's end. */
async function stepped<S, T extends number | string>(
  name: string,
  datatype: Datatype,
  rows: readonly (readonly S[])[],
  valuesOf: (step: S) => readonly T[],
  none: T,
  slice: TimeSlice,
): Promise<WireTensor> {
  const longest = Math.max(...rows.map(({ length }) => length));
  const width = rows[0]?.[0] === undefined ? 1 : valuesOf(rows[0][0]).length;
  const values: T[] = [];
  for (const row of rows)
    for (let t = 0; t < longest; t++) {
      const step = row[t];
      if (step === undefined) for (let k = 0; k < width; k++) values.push(none);
      else values.push(...valuesOf(step));
      if (t % stepsAPart === 0 && slice.due()) await slice.next();
    }
  return { name, datatype, shape: [rows.length, longest], values: values as number[] | string[] };
}
const stepsAPart = 64;

const bytesInBinary = 8;

/** Bytes of a reply of tensors: of a number each, of labels, and of what fills shorter sequences up to the longest. */
function replyBytesOf(
  { spec, network }: ServedModel,
  perNumber: number,
): ((steps: readonly number[]) => number) | undefined {
  const width = network.info.outputWidth;
  const label = longestTextBytes(spec.outputs.labels ?? []);
  switch (spec.task) {
    case 'classify':
      return ({ length }) => length * (width * perNumber + label);
    case 'tag':
      return (steps) => steps.length * Math.max(...steps) * (perNumber + label);
    case 'predict':
      return (steps) =>
        steps.length * (answersOnce(spec.network) ? 1 : Math.max(...steps)) * width * perNumber;
    default:
      // texts: as the task itself counts them
      return undefined;
  }
}

const lengthsOf = (rows: readonly { readonly length: number }[]): WireTensor => ({
  name: 'lengths',
  datatype: 'INT64',
  shape: [rows.length],
  values: rows.map(({ length }) => length),
});
