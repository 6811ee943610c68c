import { cellOfOperator, findCell } from '../../cells/registry.ts';
import { estimateWork } from '../estimate-work.ts';
import {
  createOperand,
  elementCount,
  invalidOperator,
  normaliseAxis,
  TooLarge,
  type Operand,
} from '../operand.ts';
import { numberAttribute, numberListAttribute, type PrepareContext } from '../operator.ts';
import { prepareBody, prepareOperator } from '../prepare-operator.ts';
import { referenceSweeps } from '../reference-graph.ts';
import { operandKind, type SignatureTensor, type SignedGraph } from '../signature.ts';
import type { OperatorSpec } from '../spec.ts';

// Evaluates a graph as its file has it, operator by operator, and keeps every value: what analysis looks at.

/** An operator that carries values from one iteration to the next: RNN, GRU, LSTM, Loop or Scan. */
export interface Recurrence {
  readonly operator: OperatorSpec;
  /** Iterations. */
  readonly steps: number;
  /** What it iterates over, and the axis; null for a Loop. */
  readonly over: { readonly operand: Operand; readonly axis: number } | null;
  /** The carried values before the first iteration, undefined where they are zeros. */
  readonly starts: readonly (Operand | undefined)[];
  /** The same values after the last iteration. */
  readonly ends: readonly Operand[];
  /** sequence_lens [batch] */
  readonly lengths: Operand | undefined;
}

export interface Evaluation {
  /** The operand of a value. @throws UnrollError invalid_model where there is none */
  readonly operand: (name: string) => Operand;
  /** In the graph's order, those of bodies left out. */
  readonly recurrences: readonly Recurrence[];
}

/**
 * Whether a recurrence of a single iteration has more sequences for more steps: then the steps are along its batch
 * axis, and it carries nothing from one to the next.
 */
export const runsBesideTime = (few: Evaluation, many: Evaluation): boolean =>
  few.recurrences.some(({ steps, over }, i) => {
    const other = many.recurrences[i];
    return (
      steps === 1 && other?.steps === 1 && over?.operand.shape.join() !== other.over?.operand.shape.join()
    );
  });

/** Elements that one evaluation may compute (estimate-work.ts), some tens of seconds: a file decides how many. */
const maxWork = 2 ** 29;

/** Sweeps that are prepared for their shapes and not run; weights are not read. */
export const shapeSweeps: PrepareContext['sweeps'] = ({ operator }, [, w, r]) => {
  if (!w || !r) return invalidOperator('its weights are missing');
  const [directions = 0] = w.shape;
  const units = r.shape.at(-1) ?? 0;
  const hasCellState = findCell({ cell: cellOfOperator(operator)! }).states.includes('c');
  return Array.from({ length: directions }, () => ({ units, hasCellState, run: () => {} }));
};

/**
 * Evaluates a graph for its inputs, in float64.
 * @param inputs by value name
 * @param what shapes: only what follows from constants and shapes is computed
 * @throws UnrollError invalid_model where an operator does not fit its inputs
 */
export function evaluateGraph(
  graph: SignedGraph,
  inputs: ReadonlyMap<string, Operand>,
  what: 'shapes' | 'values',
): Evaluation {
  const values = new Map<string, Operand>([...graph.constants, ...inputs]);
  const recurrences: Recurrence[] = [];
  const context = {
    floats: Float64Array,
    usage: { elements: 0, work: 0 },
    product: () => null,
    sweeps: what === 'values' ? referenceSweeps : shapeSweeps,
  };
  const find = (name: string): Operand | undefined => values.get(name);
  const preparing: PrepareContext = {
    ...context,
    body: (body, given) => prepareBody(body, given, find, context),
  };
  const evaluate = (operator: OperatorSpec): void => {
    const condition = operator.operator === 'If' ? find(operator.inputs[0]!) : undefined;
    const branch = condition?.known && operator.bodies?.[condition.values[0] ? 'then_branch' : 'else_branch'];
    if (branch) {
      // names are unique across bodies; what recurs in a branch that is always taken is looked at, too
      branch.operators.forEach(evaluate);
      operator.outputs.forEach((name, i) => name !== '' && values.set(name, find(branch.outputs[i]!)!));
      return;
    }
    const { outputs, run } = prepareOperator(operator, find, preparing);
    if (what === 'values') {
      const work = estimateWork(operator, operator.inputs.map(find), outputs, false);
      context.usage.work += work;
      if (context.usage.work > maxWork)
        throw new TooLarge(`its analysis computes more than ${maxWork} elements`);
    }
    if (what === 'values' || outputs.every(({ known }) => known)) run?.();
    operator.outputs.forEach((name, i) => name !== '' && outputs[i] && values.set(name, outputs[i]));
    const recurrence = describeRecurrence(operator, operator.inputs.map(find), outputs);
    if (recurrence) recurrences.push(recurrence);
  };
  graph.operators.forEach(evaluate);
  return {
    operand: (name) => find(name) ?? invalidOperator(`the value ${JSON.stringify(name)} is not defined`),
    recurrences,
  };
}

function describeRecurrence(
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
  outputs: readonly Operand[],
): Recurrence | null {
  if (cellOfOperator(operator.operator) !== undefined) {
    const [x, , , , lengths, h, c] = inputs;
    const axis = numberAttribute(operator, 'layout', 0) === 1 ? 1 : 0;
    const ends = outputs.slice(1);
    return {
      operator,
      steps: x!.shape[axis]!,
      over: { operand: x!, axis },
      starts: [h, c].slice(0, ends.length),
      ends,
      lengths,
    };
  }
  if (operator.operator === 'Loop') {
    const starts = inputs.slice(2);
    return {
      operator,
      steps: inputs[0]?.values[0] ?? 0,
      over: null,
      starts,
      ends: outputs.slice(0, starts.length),
      lengths: undefined,
    };
  }
  if (operator.operator !== 'Scan') return null;
  const starts = inputs.slice(0, inputs.length - numberAttribute(operator, 'num_scan_inputs', 1));
  const scanned = inputs[starts.length]!;
  const axis = normaliseAxis(
    numberListAttribute(operator, 'scan_input_axes')?.[0] ?? 0,
    scanned.shape.length,
  );
  return {
    operator,
    steps: scanned.shape[axis]!,
    over: { operand: scanned, axis },
    starts,
    ends: outputs.slice(0, starts.length),
    lengths: undefined,
  };
}

/** An input's operand of these numbers; their values are not known to preparation. */
export function createInput(
  { datatype }: Pick<SignatureTensor, 'datatype'>,
  shape: readonly number[],
  numbers: (i: number) => number,
): Operand {
  const kind = operandKind(datatype);
  const operand = createOperand({ floats: Float64Array, usage: { elements: 0, work: 0 } }, kind, shape);
  for (let i = 0; i < elementCount(shape); i++) operand.values[i] = numbers(i);
  return operand;
}
