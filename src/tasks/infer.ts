import { UnrollError } from '../errors.ts';
import { answerRows, answersOnce } from '../network/answers-once.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Datatype } from '../tensors/datatypes.ts';
import { wrong, type WireTensor } from '../tensors/tensor.ts';
import { classify } from './classify.ts';
import type { Call, TaskContext } from './context.ts';
import { decode } from './decode.ts';
import { generate } from './generate.ts';
import { predict } from './predict.ts';
import type { TaskInput } from './read-input.ts';
import { tag } from './tag.ts';
import { tensorNames } from './tensor-names.ts';
import { withModel } from './with-model.ts';

// Tensors in and out of any model, as the Open Inference Protocol has them. A batch of sequences of different lengths is a tensor as
// long as the longest with `lengths` beside it: what lies past a sequence's length is not read, and is 0 or '' in what comes back.

export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** −1 for the batch and for time. */
  readonly shape: readonly number[];
}
export interface Signature {
  readonly inputs: readonly TensorSignature[];
  /** Inputs that may be left out, or stand in for others. */
  readonly optional: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

const lengths: TensorSignature = { name: 'lengths', datatype: 'INT64', shape: [-1] };
const tensor = (name: string, datatype: Datatype, ...shape: number[]): TensorSignature => ({
  name,
  datatype,
  shape,
});

/** What a model takes and gives, by the names that its file has where it has any. */
export function signatureOf(model: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, optional, outputs } = ownSignature(model);
  const { theirs } = tensorNames(model.spec);
  const renamed = (list: readonly TensorSignature[]): TensorSignature[] =>
    list.map((one) => ({ ...one, name: theirs(one.name) }));
  return { inputs: renamed(inputs), optional: renamed(optional), outputs: renamed(outputs) };
}

function ownSignature({ spec, network }: Pick<ServedModel, 'spec' | 'network'>): Signature {
  const { inputs, task } = spec;
  const reads =
    inputs.kind === 'text'
      ? {
          inputs: [tensor('input', 'BYTES', -1)],
          optional: task === 'generate' ? [] : [tensor('ids', 'INT64', -1, -1), lengths],
        }
      : { inputs: [tensor('input', 'FP32', -1, -1, inputs.features.length)], optional: [lengths] };
  const width = network.info.outputWidth;
  switch (task) {
    case 'classify':
      return { ...reads, outputs: [tensor('label', 'BYTES', -1), tensor('scores', 'FP32', -1, width)] };
    case 'tag':
      return {
        ...reads,
        outputs: [tensor('labels', 'BYTES', -1, -1), tensor('scores', 'FP32', -1, -1), lengths],
      };
    case 'predict': {
      const rows = answerRows(spec.network);
      if (rows > 1) return { ...reads, outputs: [tensor('output', 'FP32', -1, rows, width / rows)] };
      return answersOnce(spec.network)
        ? { ...reads, outputs: [tensor('output', 'FP32', -1, width)] }
        : { ...reads, outputs: [tensor('output', 'FP32', -1, -1, width), lengths] };
    }
    default:
      return { ...reads, outputs: [tensor('text', 'BYTES', -1)] };
  }
}

export interface Inferred {
  readonly model: Pick<ServedModel, 'name' | 'version'>;
  readonly outputs: readonly WireTensor[];
}

/**
 * Answers tensors. @param settings fields of `generate` or `decode` (max_tokens, seed, beam_size …)
 * @throws UnrollError invalid_request, and whatever the model's task throws
 */
export function infer(
  context: TaskContext,
  call: Call,
  inputs: readonly WireTensor[],
  settings: Readonly<Record<string, unknown>>,
): Promise<Inferred> {
  return withModel(context, call, null, async (model) => {
    const began = performance.now();
    const { ours, theirs } = tensorNames(model.spec);
    const named = inputs.map((input) => ({ ...input, name: ours(input.name) }));
    const { sequences } = readSequences(model, named);
    const read = performance.now();
    // the version that was asked about is the one that answers
    const own: Call = { ...call, reference: `${model.name}@${model.version}`, counted: true };
    let answered = read;
    const task = async <T>(answering: Promise<T>): Promise<T> => {
      const said = await answering;
      answered = performance.now();
      return said;
    };
    const outputs = await answer(context, own, model, sequences, settings, task);
    model.statistics.tensors(read - began, performance.now() - answered);
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
  const batch = input.length;
  switch (spec.task) {
    case 'classify': {
      const labels = spec.outputs.labels!;
      const place = new Map(labels.map((label, id) => [label, id]));
      const { predictions } = await done(classify(context, call, { input, top_k: labels.length }));
      const scores = predictions.flatMap(({ top }) => {
        const row = Array<number>(labels.length).fill(0);
        for (const { label, score } of top) row[place.get(label)!] = score;
        return row;
      });
      return [
        { name: 'label', datatype: 'BYTES', shape: [batch], values: predictions.map(({ label }) => label) },
        { name: 'scores', datatype: 'FP32', shape: [batch, labels.length], values: scores },
      ];
    }
    case 'tag': {
      const { predictions } = await done(tag(context, call, { input }));
      const rows = predictions.map(({ tokens }) => tokens);
      return [
        stepped(
          'labels',
          'BYTES',
          rows.map((tokens) => tokens.map(({ label }) => [label])),
          '',
        ),
        stepped(
          'scores',
          'FP32',
          rows.map((tokens) => tokens.map(({ score }) => [score])),
          0,
        ),
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
      const output = stepped('output', 'FP32', steps, 0);
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

/** Rows of steps, each of which has as many values: [batch, longest], with `none` past a row's end. */
function stepped<T extends number | string>(
  name: string,
  datatype: Datatype,
  rows: readonly (readonly (readonly T[])[])[],
  none: T,
): WireTensor {
  const longest = Math.max(...rows.map(({ length }) => length));
  const width = rows[0]?.[0]?.length ?? 1;
  const values = rows.flatMap((row) => [
    ...row.flat(),
    ...Array<T>((longest - row.length) * width).fill(none),
  ]) as number[] | string[];
  return { name, datatype, shape: [rows.length, longest], values };
}

const lengthsOf = (rows: readonly { readonly length: number }[]): WireTensor => ({
  name: 'lengths',
  datatype: 'INT64',
  shape: [rows.length],
  values: rows.map(({ length }) => length),
});

/** The batch's sequences as a task takes them. @throws UnrollError invalid_request */
function readSequences(model: ServedModel, inputs: readonly WireTensor[]): { sequences: TaskInput } {
  const { inputs: wanted, optional } = ownSignature(model);
  const known = [...wanted, ...optional];
  const byName = new Map<string, WireTensor>();
  inputs.forEach((input, i) => {
    if (!known.some(({ name }) => name === input.name))
      wrong(
        `inputs[${i}].name`,
        `the model has no input ${JSON.stringify(input.name.slice(0, 64))}, but ${known.map(({ name }) => name).join(', ')}`,
      );
    if (byName.has(input.name)) wrong(`inputs[${i}].name`, `${input.name} stands there twice`);
    byName.set(input.name, input);
  });
  const given = byName.get('ids') ?? byName.get('input');
  if (!given) return wrong('inputs', `${wanted[0]!.name} is missing`);
  if (byName.has('ids') && byName.has('input'))
    wrong('inputs', 'ids and input are two ways to say one thing');
  const shape = known.find(({ name }) => name === given.name)!.shape;
  if (
    given.shape.length !== shape.length ||
    shape.some((size, axis) => size >= 0 && size !== given.shape[axis])
  )
    wrong(`inputs.${given.name}.shape`, `must be [${shape.join(', ')}], was [${given.shape.join(', ')}]`);
  checkDatatype(given, shape.length === 1 ? 'texts' : given.name === 'ids' ? 'whole' : 'numbers');
  if (given.datatype === 'BYTES') return { sequences: given.values };

  const [batch = 0, longest = 0, width = 1] = given.shape;
  // before a row is made for each of a batch that takes no bytes
  if (batch * longest === 0)
    throw new UnrollError(
      'empty_input',
      `inputs.${given.name}.shape: [${given.shape.join(', ')}] has no steps`,
    );
  const each = lengthsFor(byName.get('lengths'), batch, longest);
  const numbers = given.values as readonly number[];
  const stepsOf = (row: number): number[][] =>
    Array.from({ length: each[row]! }, (_, t) => {
      const at = (row * longest + t) * width;
      return numbers.slice(at, at + width);
    });
  const rows = Array.from({ length: batch }, (_, row) => stepsOf(row));
  if (given.name !== 'ids') return { sequences: rows };
  const { tokens } = model.vocabulary!;
  return {
    sequences: rows.map((steps, row) =>
      steps.map(
        ([id], t) =>
          tokens.at(id!) ?? wrong(`inputs.ids[${row}][${t}]`, `at most ${tokens.length - 1}, was ${id}`),
      ),
    ),
  };
}

function checkDatatype({ name, datatype }: WireTensor, wants: 'texts' | 'whole' | 'numbers'): void {
  const fits =
    wants === 'texts'
      ? datatype === 'BYTES'
      : wants === 'whole'
        ? /^U?INT/.test(datatype)
        : /^(FP|U?INT)/.test(datatype);
  if (!fits)
    wrong(
      `inputs.${name}.datatype`,
      `must be ${{ texts: 'BYTES', whole: 'INT64 or another whole type', numbers: 'FP32 or another number type' }[wants]}, was ${datatype}`,
    );
}

function lengthsFor(given: WireTensor | undefined, batch: number, longest: number): readonly number[] {
  if (!given) return Array<number>(batch).fill(longest);
  checkDatatype(given, 'whole');
  if (given.shape.length !== 1 || given.shape[0] !== batch)
    wrong('inputs.lengths.shape', `must be [${batch}], was [${given.shape.join(', ')}]`);
  (given.values as readonly number[]).forEach((length, row) => {
    if (length < 1 || length > longest)
      wrong(`inputs.lengths[${row}]`, `must be from 1 to ${longest}, was ${length}`);
  });
  return given.values as readonly number[];
}
