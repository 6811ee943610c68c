import { UnrollError } from '../errors.ts';
import type { NumericInput } from '../network/spec.ts';
import type { ServedModel } from '../repository/repository-interface.ts';
import type { Encoded } from '../vocabulary/vocabulary.ts';
import type { TaskLimits } from './context.ts';

// What a caller sends becomes sequences: a text's ids, or rows of scaled features. Everything wrong with it is said here,
// with the field, the limit and what was seen.

/** A text, or a numeric sequence, or a list of either; see `readInputs`. */
export type TaskInput =
  string | readonly (string | number | readonly (string | number | readonly number[])[])[];

export interface PreparedSequence {
  /** Ids [steps][columns], or features [steps, width]. */
  readonly values: Int32Array | Float32Array;
  readonly steps: number;
  readonly unknown: number;
  readonly tokens: Encoded['tokens'];
}

/**
 * Text models take a string or a list of strings, each of which may be a list of tokens that the caller has split. Numeric models take one sequence as [steps][features], or a list of
 * those; a flat list of numbers is one step of several features, or several steps of the only one.
 * @throws UnrollError input_mismatch, empty_input, not_finite, sequence_too_long, too_many_inputs
 */
export function readInputs(model: ServedModel, input: TaskInput, limits: TaskLimits): PreparedSequence[] {
  const many = listed(model, input);
  if (many.length === 0) throw new UnrollError('empty_input', 'input: the list is empty', { field: 'input' });
  if (many.length > limits.maxInputs)
    throw new UnrollError(
      'too_many_inputs',
      `input: at most ${limits.maxInputs} sequences, was given ${many.length}`,
      {
        field: 'input',
      },
    );
  return many.map(({ value, field }) => {
    const sequence =
      typeof value === 'string' || isTokens(value)
        ? readText(model, value, field, limits.maxSteps)
        : readNumbers(model, value, field);
    if (sequence.steps > limits.maxSteps)
      throw new UnrollError(
        'sequence_too_long',
        `${field}: at most ${limits.maxSteps} steps, was given ${sequence.steps}`,
        { field },
      );
    return sequence;
  });
}

type Rows = readonly (readonly number[])[];
type Tokens = readonly string[];
const isTokens = (value: unknown): value is Tokens =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

interface Listed {
  readonly value: string | Tokens | Rows;
  readonly field: string;
}

function listed({ spec, name }: ServedModel, input: TaskInput): Listed[] {
  const wants = spec.inputs.kind === 'text' ? 'a text or a list of texts' : 'numbers as [steps][features]';
  const mismatch = (field: string): UnrollError =>
    new UnrollError('input_mismatch', `${field}: the model ${name} takes ${wants}`, { field });
  if (spec.inputs.kind === 'text') {
    if (typeof input === 'string') return [{ value: input, field: 'input' }];
    return input.map((value, i) => {
      if (typeof value !== 'string' && !isTokens(value)) throw mismatch(`input[${i}]`);
      return { value, field: `input[${i}]` };
    });
  }
  if (typeof input === 'string') throw mismatch('input');
  const depth = depthOf(input);
  if (depth === null) throw mismatch('input');
  const width = spec.inputs.features.length;
  if (depth === 1) {
    const flat = input as readonly number[];
    return [{ value: width === 1 ? flat.map((value) => [value]) : [flat], field: 'input' }];
  }
  if (depth === 2) return [{ value: input as Rows, field: 'input' }];
  return (input as readonly Rows[]).map((value, i) => ({ value, field: `input[${i}]` }));
}

/** 1 for numbers, 2 for lists of numbers, 3 for lists of lists; null where the depths differ. An empty list is one of steps. */
function depthOf(input: Exclude<TaskInput, string>): 1 | 2 | 3 | null {
  const depths = new Set(
    input.map((one) => {
      if (typeof one === 'number') return 1;
      if (typeof one === 'string') return null;
      if (one.some((value) => typeof value === 'string')) return null;
      const inner = new Set(one.map((value) => (typeof value === 'number' ? 2 : 3)));
      return inner.size === 0 ? 3 : inner.size === 1 ? [...inner][0]! : null;
    }),
  );
  if (depths.size === 0) return 2;
  return depths.size === 1 ? ([...depths][0] as 1 | 2 | 3 | null) : null;
}

function readText(
  model: ServedModel,
  text: string | Tokens,
  field: string,
  maxSteps: number,
): PreparedSequence {
  const vocabulary = model.vocabulary!;
  const { ids, unknown, tokens, cut } =
    typeof text === 'string' ? vocabulary.encode(text, maxSteps) : vocabulary.encodeTokens(text, maxSteps);
  if (cut)
    throw new UnrollError(
      'sequence_too_long',
      `${field}: at most ${maxSteps} steps, was given more (${text.length} ${typeof text === 'string' ? 'UTF-16 units' : 'tokens'})`,
      { field },
    );
  if (ids.length === 0)
    throw new UnrollError(
      'empty_input',
      `${field}: the text has no ${text === '' ? 'characters' : 'known tokens'}`,
      {
        field,
      },
    );
  return { values: ids, steps: tokens.length, unknown, tokens };
}

function readNumbers(model: ServedModel, rows: Rows, field: string): PreparedSequence {
  const { features } = model.spec.inputs as NumericInput;
  const width = features.length;
  if (rows.length === 0)
    throw new UnrollError('empty_input', `${field}: the sequence has no steps`, { field });
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, t) => {
    const at = `${field}[${t}]`;
    if (row.length !== width)
      throw new UnrollError(
        'input_mismatch',
        `${at}: a step has ${width} features, was given ${row.length}`,
        {
          field: at,
        },
      );
    row.forEach((value, k) => {
      const { mean, scale } = features[k]!;
      const scaled = Math.fround((value - mean) / scale);
      if (!Number.isFinite(scaled))
        throw new UnrollError(
          'not_finite',
          `${at}[${k}]: must be a finite float32 once scaled, was ${value}`,
          {
            field: `${at}[${k}]`,
          },
        );
      values[t * width + k] = scaled;
    });
  });
  return { values, steps: rows.length, unknown: 0, tokens: [] };
}
