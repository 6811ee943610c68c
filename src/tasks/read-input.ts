import { UnrollError } from '../errors.ts';
import type { NumericInput } from '../network/spec.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import { createTimeSlice, type TimeSlice } from '../time-slice.ts';
import type { Encoded } from '../vocabulary/vocabulary.ts';
import { checkRequestSteps } from './budgets.ts';
import { checkIds } from './check-ids.ts';
import type { TaskLimits } from './context.ts';
import { dropPadding } from './drop-padding.ts';
import { encodeInSlices } from './encode-in-slices.ts';
import { inputMismatch, notFinite } from './input-errors.ts';
import { readRows } from './read-rows.ts';
import type { NumericRows, TaskInput, TokenIds } from './task-input.ts';

// Turns a request's input into sequences: ids of a text's tokens, or rows of scaled features, in slices of
// the main thread's time. All of it is validated here; errors name the field, the limit and what was given.

export interface PreparedSequence {
  /** Ids [steps][columns], or features [steps, width]. */
  readonly values: Int32Array | Float32Array;
  readonly steps: number;
  readonly unknown: number;
  /** The text of each step; empty for features and ids. */
  readonly tokens: Encoded['tokens'];
}

export const countSteps = (sequences: readonly PreparedSequence[]): number =>
  sequences.reduce((sum, { steps }) => sum + steps, 0);

/**
 * Reads the sequences of a request. Text models take a string or a list of strings, each of which may be a
 * list of tokens that the caller has split, or ids. Numeric models take one sequence as [steps][features], or
 * a list of those; a flat list of numbers is one step of several features, or several steps of the only
 * feature.
 * @throws UnrollError input_mismatch, empty_input, not_finite, sequence_too_long, too_many_inputs,
 * work_too_large
 */
export async function readInputs(
  model: ServedModel,
  input: TaskInput,
  limits: TaskLimits,
  signal?: AbortSignal,
): Promise<PreparedSequence[]> {
  const slice = createTimeSlice(signal);
  if (isTokenIds(input)) return readTokenIds(model, input, limits, slice);
  if (isNumericRows(input)) return [readRows(model, input.rows, limits)];
  const { values, listed } = listSequences(model, input, limits);
  const sequences: PreparedSequence[] = [];
  let steps = 0;
  for (const [i, value] of values.entries()) {
    const field = listed ? `input[${i}]` : 'input';
    const read =
      model.spec.inputs.kind === 'text'
        ? await readText(model, value, field, limits.maxSteps, slice)
        : await readNumbers(model, value, field, limits.maxSteps, slice);
    const sequence = dropPadding(read, model.spec, field);
    steps += sequence.steps;
    checkRequestSteps(steps, limits, 'input');
    sequences.push(sequence);
    if (slice.due()) await slice.next();
  }
  return sequences;
}

const isTokenIds = (input: TaskInput): input is TokenIds => typeof input === 'object' && 'ids' in input;
const isNumericRows = (input: TaskInput): input is NumericRows =>
  typeof input === 'object' && 'rows' in input;

/** The input of a model that generates: one text, or ids. @throws UnrollError input_mismatch */
export function requireText(input: TaskInput): string | TokenIds {
  if (typeof input === 'string' || isTokenIds(input)) return input;
  throw new UnrollError('input_mismatch', 'input: this model takes a text', { field: 'input' });
}

/** Adds the ids of characters where the model reads them. */
async function readTokenIds(
  { vocabulary, name, spec }: ServedModel,
  { ids, field = 'ids' }: TokenIds,
  limits: TaskLimits,
  slice: TimeSlice,
): Promise<PreparedSequence[]> {
  if (!vocabulary)
    throw new UnrollError(
      'input_mismatch',
      `${field}: the model ${name} takes numbers as [steps][features]`,
      { field },
    );
  checkCount(ids.length, limits, field);
  checkRequestSteps(
    ids.reduce((sum, { length }) => sum + length, 0),
    limits,
    field,
  );
  const width = vocabulary.columns.length;
  const sequences: PreparedSequence[] = [];
  for (const [i, sequence] of ids.entries()) {
    const place = ids.length > 1 ? `${field}[${i}]` : field;
    checkIds(vocabulary, sequence, { maxSteps: limits.maxSteps, field: place });
    const values = new Int32Array(sequence.length * width);
    for (let t = 0; t < sequence.length; t++) {
      values.set(vocabulary.stepIds(sequence[t]!), t * width);
      if (t % tokensPerCheck === 0 && slice.due()) await slice.next();
    }
    const read = { values, steps: sequence.length, unknown: 0, tokens: [] };
    sequences.push(dropPadding(read, spec, place));
  }
  return sequences;
}
const tokensPerCheck = 256;

type Tokens = readonly string[];
const isTokens = (value: unknown): value is Tokens =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

/** Lists the sequences of a request and checks their number. Each is validated when it is read. */
function listSequences(
  model: ServedModel,
  input: Exclude<TaskInput, TokenIds | NumericRows>,
  limits: TaskLimits,
): { values: readonly unknown[]; listed: boolean } {
  const { inputs } = model.spec;
  const list = (values: readonly unknown[]): { values: readonly unknown[]; listed: boolean } => {
    if (values.length === 0)
      throw new UnrollError('empty_input', 'input: the list is empty', { field: 'input' });
    checkCount(values.length, limits, 'input');
    return { values, listed: true };
  };
  if (inputs.kind === 'text')
    return typeof input === 'string' ? { values: [input], listed: false } : list(input);
  if (typeof input === 'string') throw inputMismatch(model, 'input');
  // the first element decides how all are read; readNumbers rejects the others that do not match
  const [first] = input;
  if (typeof first === 'number') {
    const rows = inputs.features.length === 1 ? input : [input];
    return { values: [rows], listed: false };
  }
  if (typeof first === 'string') throw inputMismatch(model, 'input');
  return first === undefined || typeof first[0] === 'number'
    ? { values: [input], listed: false }
    : list(input);
}

/** @throws UnrollError too_many_inputs */
function checkCount(count: number, { maxInputs }: TaskLimits, field: string): void {
  if (count > maxInputs)
    throw new UnrollError('too_many_inputs', `${field}: at most ${maxInputs} sequences, was given ${count}`, {
      field,
    });
}

async function readText(
  model: ServedModel,
  text: unknown,
  field: string,
  maxSteps: number,
  slice: TimeSlice,
): Promise<PreparedSequence> {
  if (typeof text !== 'string' && !isTokens(text)) throw inputMismatch(model, field);
  const { ids, unknown, tokens, truncated } = await encodeInSlices(model.vocabulary!, text, {
    maxSteps,
    field,
    slice,
  });
  if (truncated)
    throw new UnrollError(
      'sequence_too_long',
      `${field}: at most ${maxSteps} steps, was given more (${text.length} ${typeof text === 'string' ? 'UTF-16 units' : 'tokens'})`,
      { field },
    );
  if (ids.length === 0)
    throw new UnrollError(
      'empty_input',
      `${field}: the text has no ${text === '' ? 'characters' : 'known tokens'}`,
      { field },
    );
  return { values: ids, steps: tokens.length, unknown, tokens };
}

const valuesPerCheck = 4096;

/**
 * Scales the features of a sequence.
 * @param rows a list of features for each step, or one number for each step
 */
async function readNumbers(
  model: ServedModel,
  rows: unknown,
  field: string,
  maxSteps: number,
  slice: TimeSlice,
): Promise<PreparedSequence> {
  const { features } = model.spec.inputs as NumericInput;
  const width = features.length;
  if (!Array.isArray(rows)) throw inputMismatch(model, 'input');
  if (rows.length === 0)
    throw new UnrollError('empty_input', `${field}: the sequence has no steps`, { field });
  if (rows.length > maxSteps)
    throw new UnrollError(
      'sequence_too_long',
      `${field}: at most ${maxSteps} steps, was given ${rows.length}`,
      { field },
    );
  const flat = typeof rows[0] === 'number';
  const values = new Float32Array(rows.length * width);
  let at = 0;
  for (const [t, step] of (rows as unknown[]).entries()) {
    const row = flat ? [step] : step;
    if (!Array.isArray(row) || Array.isArray(row[0])) throw inputMismatch(model, 'input');
    if (row.length !== width) {
      const place = `${field}[${t}]`;
      throw new UnrollError(
        'input_mismatch',
        `${place}: a step has ${width} features, was given ${row.length}`,
        { field: place },
      );
    }
    for (let k = 0; k < width; k++, at++) {
      const value: unknown = row[k];
      if (typeof value !== 'number') throw inputMismatch(model, 'input');
      const { mean, scale } = features[k]!;
      const scaled = Math.fround((value - mean) / scale);
      if (!Number.isFinite(scaled)) throw notFinite(`${field}[${t}][${k}]`, value);
      values[at] = scaled;
    }
    if (at % valuesPerCheck < width && slice.due()) await slice.next();
  }
  return { values, steps: rows.length, unknown: 0, tokens: [] };
}
