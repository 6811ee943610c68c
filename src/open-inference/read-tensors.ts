import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { checkRequestSteps } from '../tasks/budgets.ts';
import type { TaskLimits } from '../tasks/context.ts';
import { invalidField } from '../tasks/invalid-field.ts';
import type { TaskInput, TokenIds } from '../tasks/task-input.ts';
import type { TimeSlice } from '../time-slice.ts';
import { nativeSignature } from './tensor-signature.ts';
import type { WireTensor } from './tensor.ts';

const stepsPerCheck = 64;

/**
 * Turns the tensors of a batch into the sequences of a task.
 * @throws UnrollError invalid_request, too_many_inputs, sequence_too_long …
 */
export async function readTensors(
  model: ServedModel,
  inputs: readonly WireTensor[],
  limits: TaskLimits,
  slice: TimeSlice,
): Promise<TaskInput> {
  const { inputs: required, optional } = nativeSignature(model);
  const known = [...required, ...optional];
  const byName = new Map<string, WireTensor>();
  inputs.map(withoutLastAxis).forEach((input, i) => {
    if (!known.some(({ name }) => name === input.name))
      invalidField(
        `inputs[${i}].name`,
        `must be one of ${known.map(({ name }) => name).join(', ')}, was ${JSON.stringify(input.name.slice(0, 64))}`,
      );
    if (byName.has(input.name)) invalidField(`inputs[${i}].name`, `${input.name} was given twice`);
    byName.set(input.name, input);
  });
  const given = byName.get('ids') ?? byName.get('input');
  if (!given) return invalidField('inputs', `${required[0]!.name} is missing`);
  if (byName.has('ids') && byName.has('input'))
    invalidField('inputs', 'only one of ids and input may be given');
  const shape = known.find(({ name }) => name === given.name)!.shape;
  if (
    given.shape.length !== shape.length ||
    shape.some((size, axis) => size >= 0 && size !== given.shape[axis])
  )
    invalidField(
      `inputs.${given.name}.shape`,
      `must be [${shape.join(', ')}], was [${given.shape.join(', ')}]`,
    );
  checkDatatype(given, shape.length === 1 ? 'texts' : given.name === 'ids' ? 'integers' : 'numbers');
  if (given.datatype === 'BYTES') return given.values as readonly string[];

  const [batch = 0, longest = 0, width = 1] = given.shape;
  // checked before a row is allocated for each sequence of a batch without any bytes
  if (batch * longest === 0)
    throw new UnrollError(
      'empty_input',
      `inputs.${given.name}.shape: [${given.shape.join(', ')}] has no steps`,
    );
  if (batch > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `inputs.${given.name}.shape: at most ${limits.maxInputs} sequences, was ${batch}`,
    );
  const lengths = readLengths(byName.get('lengths'), batch, longest);
  const maxLength = Math.max(...lengths);
  if (maxLength > limits.maxSteps)
    throw new UnrollError(
      'sequence_too_long',
      `inputs.${given.name}.shape: at most ${limits.maxSteps} steps, was ${maxLength}`,
    );
  const steps = lengths.reduce((sum, length) => sum + length, 0);
  checkRequestSteps(steps, limits, `inputs.${given.name}.shape`);
  const numbers = given.values as readonly number[] | Float64Array;
  if (given.name === 'ids') return readIds(numbers, lengths, longest, model.vocabulary!.tokens.length, slice);
  const rows: number[][][] = [];
  for (let row = 0; row < batch; row++) {
    const sequence: number[][] = [];
    for (let t = 0; t < lengths[row]!; t++) {
      const at = (row * longest + t) * width;
      sequence.push(Array.from(numbers.slice(at, at + width)));
      if (t % stepsPerCheck === 0 && slice.due()) await slice.next();
    }
    rows.push(sequence);
  }
  return rows;
}

/**
 * @param numbers [batch, longest]
 * @param size of the vocabulary
 * @throws UnrollError invalid_request for an id outside the vocabulary
 */
async function readIds(
  numbers: readonly number[] | Float64Array,
  lengths: readonly number[],
  longest: number,
  size: number,
  slice: TimeSlice,
): Promise<TokenIds> {
  const ids: number[][] = [];
  for (const [row, length] of lengths.entries()) {
    const sequence = Array.from(numbers.slice(row * longest, row * longest + length));
    const outside = sequence.findIndex((id) => !(id >= 0 && id < size));
    if (outside >= 0)
      invalidField(`inputs.ids[${row}][${outside}]`, `at most ${size - 1}, was ${sequence[outside]}`);
    ids.push(sequence);
    if (slice.due()) await slice.next();
  }
  return { ids };
}

/** Other clients send texts as [batch, 1]. */
const withoutLastAxis = (tensor: WireTensor): WireTensor =>
  tensor.datatype === 'BYTES' && tensor.shape.length === 2 && tensor.shape[1] === 1
    ? { ...tensor, shape: tensor.shape.slice(0, 1) }
    : tensor;

function checkDatatype({ name, datatype }: WireTensor, expected: 'texts' | 'integers' | 'numbers'): void {
  const fits =
    expected === 'texts'
      ? datatype === 'BYTES'
      : expected === 'integers'
        ? /^U?INT/.test(datatype)
        : /^(FP|U?INT)/.test(datatype);
  if (!fits)
    invalidField(
      `inputs.${name}.datatype`,
      `must be ${{ texts: 'BYTES', integers: 'INT64 or another integer type', numbers: 'FP32 or another number type' }[expected]}, was ${datatype}`,
    );
}

function readLengths(given: WireTensor | undefined, batch: number, longest: number): readonly number[] {
  if (!given) return Array<number>(batch).fill(longest);
  checkDatatype(given, 'integers');
  if (given.shape.length !== 1 || given.shape[0] !== batch)
    invalidField('inputs.lengths.shape', `must be [${batch}], was [${given.shape.join(', ')}]`);
  const lengths = Array.from(given.values as ArrayLike<number>);
  lengths.forEach((length, row) => {
    if (length < 1 || length > longest)
      invalidField(`inputs.lengths[${row}]`, `must be from 1 to ${longest}, was ${length}`);
  });
  return lengths;
}
