import { checkRequestSteps } from '../tasks/budgets.ts';
import type { TaskLimits } from '../tasks/context.ts';
import { encodeInSlices } from '../tasks/encode-in-slices.ts';
import { UnrollError } from '../errors.ts';
import { invalidField } from '../tasks/invalid-field.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { TensorSignature } from './tensor-signature.ts';
import type { WireTensor } from './tensor.ts';

// Texts, or integers, of an imported file's inputs become the ids that its graph reads, as the file's own library
// makes them: a batch of texts is filled up with id 0 to the longest, or to the length that the file sets.

type Lookups = readonly TensorLookup<Vocabulary>[];

/** An input of the graph as the file declares it. */
export function toLookedUp(declared: TensorSignature, lookups: Lookups): TensorSignature {
  const found = lookups.find(({ name }) => name === declared.name);
  if (!found) return declared;
  return { name: found.name, datatype: found.datatype, shape: found.shape.map((size) => size ?? -1) };
}

/**
 * Replaces the tensors that are looked up by their ids; the others are returned as they are.
 * @throws UnrollError invalid_request for another datatype or shape than the file's, sequence_too_long,
 * too_many_inputs, work_too_large, cancelled
 */
export async function lookUpTensors(
  lookups: Lookups,
  tensors: readonly WireTensor[],
  limits: TaskLimits,
  signal: AbortSignal,
): Promise<readonly WireTensor[]> {
  if (lookups.length === 0) return tensors;
  const slice = createTimeSlice(signal);
  const result: WireTensor[] = [];
  for (const tensor of tensors) {
    const lookup = lookups.find(({ name }) => name === tensor.name);
    if (lookup) checkTensor(tensor, lookup);
    result.push(
      !lookup
        ? tensor
        : lookup.splits
          ? await splitTexts(tensor, lookup.text, limits, slice)
          : await findIds(tensor, lookup.text, slice),
    );
  }
  return result;
}

function checkTensor({ name, datatype, shape }: WireTensor, declared: TensorLookup<Vocabulary>): void {
  if (datatype !== declared.datatype)
    invalidField(`inputs.${name}.datatype`, `must be ${declared.datatype}, was ${datatype}`);
  const fits = declared.shape.every((size, axis) => size === null || size === shape[axis]);
  if (shape.length !== declared.shape.length || !fits)
    invalidField(
      `inputs.${name}.shape`,
      `must be [${declared.shape.map((size) => size ?? -1).join(', ')}], was [${shape.join(', ')}]`,
    );
}

/** Texts [batch] or [batch, 1]. @returns ids [batch, steps] */
async function splitTexts(
  { name, values }: WireTensor,
  vocabulary: Vocabulary,
  limits: TaskLimits,
  slice: TimeSlice,
): Promise<WireTensor> {
  const { maxSteps, maxInputs } = limits;
  if (values.length > maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `inputs.${name}.shape: at most ${maxInputs} texts, was ${values.length}`,
    );
  const rows: Int32Array[] = [];
  let longest = vocabulary.length ?? 0;
  for (const [row, text] of (values as readonly string[]).entries()) {
    const field = `inputs.${name}[${row}]`;
    const { ids, truncated } = await encodeInSlices(vocabulary, text, { maxSteps, field, slice });
    if (truncated)
      throw new UnrollError('sequence_too_long', `${field}: at most ${maxSteps} steps, was given more`);
    rows.push(ids);
    longest = Math.max(longest, ids.length);
    // what the shorter ones are filled up with counts, too
    checkRequestSteps(values.length * longest, limits, `inputs.${name}`);
  }
  const filled = Array<number>(rows.length * longest).fill(0);
  rows.forEach((ids, row) => ids.forEach((id, t) => (filled[row * longest + t] = id)));
  return { name, datatype: 'INT64', shape: [rows.length, longest], values: filled };
}

/** Texts or integers of any shape. @returns ids of that shape */
async function findIds(
  { name, shape, values }: WireTensor,
  vocabulary: Vocabulary,
  slice: TimeSlice,
): Promise<WireTensor> {
  const ids: number[] = [];
  for (let at = 0; at < values.length; at += elementsPerCheck) {
    const texts = Array.from(values.slice(at, at + elementsPerCheck), String);
    for (const id of vocabulary.encodeTokens(texts).ids) ids.push(id);
    if (slice.due()) await slice.next();
  }
  return { name, datatype: 'INT64', shape, values: ids };
}
const elementsPerCheck = 1024;
