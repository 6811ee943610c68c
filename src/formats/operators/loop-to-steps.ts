import { cellOfOperator } from '../../cells/registry.ts';
import { UnrollError } from '../../errors.ts';
import { createPlaceholder, splitConstants } from './constants.ts';
import { foldConstants } from './fold-constants.ts';
import { normaliseAxis, type Operand } from '../../operators/operand.ts';
import { numberAttribute } from '../../operators/operator.ts';
import { referenceGraph, referenceSweeps } from '../../operators/reference-graph.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import {
  throwCrossStep,
  CrossStepError,
  inferStepRole,
  type SingleStepValues,
  type StepRole,
} from './step-roles.ts';
import { loopToIteration, scanToIteration } from './loop-iteration.ts';
import { isMaskedRecurrence, recurrenceToIteration } from './recurrence-to-iteration.ts';

// Converts an operator graph over sequences to one over single steps: its only Loop or Scan must iterate over
// the steps, or it has recurrent operators that pass over masked steps, and no other operator may mix steps. The
// loop's body becomes the step, its carried values the states. The result can be streamed.

export interface StepGraph {
  readonly layer: OperatorGraphSpec;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Whether only the output of the last step counts, rather than that of every step. */
  readonly lastStepOnly: boolean;
}

/** Converts a graph over sequences to a graph of one step; null when it cannot be converted. */
export function loopToSteps(
  layer: OperatorGraphSpec,
  tensors: ReadonlyMap<string, Tensor>,
): StepGraph | null {
  const { input, operators } = layer;
  const axis = input.shape.indexOf(-1);
  const loops = operators.filter(({ operator }) => operator === 'Loop' || operator === 'Scan');
  const cells = operators.filter(({ operator }) => cellOfOperator(operator) !== undefined);
  const iterated = loops.length === 1 && cells.length === 0 ? loops : cells;
  const isMasked = loops.length === 0 && cells.some(isMaskedRecurrence);
  const branches = operators.some(({ operator }) => operator === 'If');
  if (axis < 0 || input.steps !== undefined || branches || (iterated !== loops && !isMasked)) return null;
  try {
    const step = toStepGraph(layer, tensors, axis, new Set(iterated));
    return step && haveSameOutputs(layer, tensors, step) ? step : null;
  } catch (error) {
    // not convertible
    if (error instanceof CrossStepError || error instanceof UnrollError) return null;
    throw error;
  }
}

const iterations: Readonly<Record<string, typeof loopToIteration>> = {
  Loop: loopToIteration,
  Scan: scanToIteration,
};

function toStepGraph(
  layer: OperatorGraphSpec,
  tensors: ReadonlyMap<string, Tensor>,
  axis: number,
  iterated: ReadonlySet<OperatorSpec>,
): StepGraph | null {
  const constants = toOperands(layer, tensors);
  const shape = layer.input.shape.map((size) => (size === -1 ? 1 : size));
  const placeholder = createPlaceholder(shape, layer.input.vocabulary === undefined ? 'float' : 'int');
  const body: BodySpec = { inputs: [], operators: layer.operators, outputs: [layer.output.value] };
  const { values } = foldConstants(body, new Map([[layer.input.value, placeholder]]), constants);
  const at = { operand: (name: string) => values.get(name) ?? undefined };
  const roles = new Map<string, StepRole>([[layer.input.value, { kind: 'steps', axis }]]);
  for (const name of constants.keys()) roles.set(name, { kind: 'fixed' });
  const role = (name: string): StepRole => roles.get(name) ?? throwCrossStep();

  const operators: OperatorSpec[] = [];
  const states: { input: string; output: string; start: Operand }[] = [];
  for (const operator of layer.operators) {
    if (!iterated.has(operator)) {
      const own =
        operator.operator === 'ConcatFromSequence'
          ? inferConcat(operator, role, at)
          : inferStepRole(operator, role, at);
      for (const name of operator.outputs) if (name !== '') roles.set(name, own);
      operators.push(operator);
      continue;
    }
    const toIteration = iterations[operator.operator] ?? recurrenceToIteration;
    const iteration = toIteration(operator, role, at);
    operators.push(...iteration.operators);
    for (const [name, own] of iteration.roles) roles.set(name, own);
    for (const [name, operand] of iteration.constants) constants.set(name, operand);
    for (const { start, ...names } of iteration.states)
      states.push({ ...names, start: at.operand(start) ?? constants.get(start) ?? throwCrossStep() });
  }
  const outputRole = role(layer.output.value);
  if (outputRole.kind !== 'steps' && outputRole.kind !== 'final') return null;
  if (states.some(({ start }) => !start.known || start.kind !== 'float')) return null;

  const outputs = [layer.output.value, ...states.map(({ output }) => output)];
  const inputs = new Map<string, Operand>([[layer.input.value, placeholder]]);
  for (const { input, start } of states) inputs.set(input, createPlaceholder(start.shape, 'float'));
  const folded = foldConstants({ inputs: [], operators, outputs }, inputs, constants);
  const { floats: own, whole, operators: kept } = splitConstants(folded);
  const stateSpecs = states.map(({ input, start }, i) => {
    const zero = start.values.every((value) => value === 0);
    if (!zero) own.set(`${input}:start`, { shape: start.shape, values: Float32Array.from(start.values) });
    return {
      input,
      output: folded.outputs[i + 1]!,
      shape: [...start.shape],
      ...(!zero && { start: `${input}:start` }),
    };
  });
  return {
    lastStepOnly: outputRole.kind === 'final',
    tensors: own,
    layer: {
      ...layer,
      runs: 'step',
      input: { ...layer.input, shape },
      output: { value: folded.outputs[0]!, gives: 'step' },
      states: stateSpecs,
      wholeConstants: whole,
      constants: Object.fromEntries([...own].map(([name, tensor]) => [name, [...tensor.shape]])),
      operators: kept,
    },
  };
}

/** ConcatFromSequence of a list with one row per step. */
function inferConcat(
  operator: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): StepRole {
  const name = operator.inputs[0]!;
  const list = role(name);
  const rank = at.operand(name)?.shape.length ?? throwCrossStep();
  if (list.kind !== 'steps' || list.axis !== 0) return throwCrossStep();
  const isNew = numberAttribute(operator, 'new_axis', 0) === 1;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), isNew ? rank : rank - 1);
  const one = isNew || at.operand(name)!.shape[axis + 1] === 1;
  return one ? { kind: 'steps', axis } : throwCrossStep();
}

function toOperands(layer: OperatorGraphSpec, tensors: ReadonlyMap<string, Tensor>): Map<string, Operand> {
  const constants = new Map<string, Operand>();
  for (const [name, tensor] of tensors) constants.set(name, { kind: 'float', ...tensor, known: true });
  for (const [name, { kind, shape, values }] of Object.entries(layer.wholeConstants))
    constants.set(name, { kind, shape, values: Float64Array.from(values), known: true });
  return constants;
}

const checkedSteps = 7;
/** Before, inside and behind. */
const maskedSteps: ReadonlySet<number> = new Set([0, 3, 4, 6]);
const tolerance = 1e-9;

/**
 * Verifies the conversion, which relies on shapes: both graphs must agree in float64 on arbitrary numbers.
 */
function haveSameOutputs(
  layer: OperatorGraphSpec,
  tensors: ReadonlyMap<string, Tensor>,
  step: StepGraph,
): boolean {
  const width = graphInputWidth(layer);
  const { vocabulary } = layer.input;
  // where steps are masked, what is compared with: the first number that anything is
  const compared = layer.operators.find(({ operator }) => operator === 'Equal')?.inputs[1] ?? '';
  const masked = layer.wholeConstants[compared]?.values[0] ?? tensors.get(compared)?.values[0] ?? 0;
  const sequence = Array.from({ length: checkedSteps }, (_, t) =>
    vocabulary === undefined
      ? Float64Array.from({ length: width }, (__, k) => Math.sin(1 + 7.3 * t + 2.9 * k))
      : Float64Array.of((t * 7 + 3) % vocabulary),
  );
  const padded = sequence.map((row, t) => (maskedSteps.has(t) ? row.map(() => masked) : row));
  const first = step.lastStepOnly ? checkedSteps - 1 : 0;
  return [sequence, padded].every((rows) => {
    const run = (one: OperatorGraphSpec, own: ReadonlyMap<string, Tensor>): Float64Array[] =>
      referenceGraph(one, (name) => own.get(name)!.values, rows, referenceSweeps);
    const [expected, actual] = [run(layer, tensors), run(step.layer, step.tensors)];
    return expected.every(
      (row, t) =>
        t < first ||
        row.every((value, k) => Math.abs(value - actual[t]![k]!) <= tolerance * (1 + Math.abs(value))),
    );
  });
}
