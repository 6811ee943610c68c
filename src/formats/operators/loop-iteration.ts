import { normaliseAxis, type Operand } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { throwCrossStep, type SingleStepValues, type StepRole } from './step-roles.ts';

// Extracts one iteration of a Loop or Scan that has one iteration per step and reads only that step.

/** The loop's body once, as operators of one step. */
export interface LoopIteration {
  readonly operators: readonly OperatorSpec[];
  readonly states: readonly { readonly input: string; readonly output: string; readonly start: string }[];
  readonly roles: readonly (readonly [string, StepRole])[];
  readonly constants: readonly (readonly [string, Operand])[];
}

/** A Loop with one iteration per step, whose body uses the iteration number only to select that step. */
export function loopToIteration(
  loop: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): LoopIteration {
  const body = loop.bodies?.body ?? throwCrossStep();
  const [count = '', condition = '', ...starts] = loop.inputs;
  const [index = '', conditionIn = '', ...carried] = body.inputs;
  const [conditionOut = '', ...made] = body.outputs;
  if (count === '' || role(count).kind !== 'count') throwCrossStep();
  const isTrue = (name: string): boolean =>
    at.operand(name)?.known === true && at.operand(name)!.values[0] === 1;
  if (condition !== '' && !isTrue(condition)) throwCrossStep();
  if (conditionOut !== conditionIn && !isTrue(conditionOut)) throwCrossStep();
  if (starts.some((name) => role(name).kind !== 'fixed')) throwCrossStep();
  const first = `${index}:first`;
  const operators = body.operators.map((operator) => {
    if (operator.bodies) throwCrossStep();
    const selects = operator.operator === 'Gather' && operator.inputs[1] === index;
    operator.inputs.forEach((name, i) => {
      if (name === conditionIn || (name === index && !(selects && i === 1))) throwCrossStep();
      const around = isOwnValue(body, name) ? null : role(name);
      if (around === null || around.kind === 'fixed') return;
      const along =
        selects && i === 0 && around.kind === 'steps' && getGatherAxis(operator, at, name) === around.axis;
      if (!along) throwCrossStep();
    });
    return selects ? { ...operator, inputs: [operator.inputs[0]!, first] } : operator;
  });
  return buildIteration(loop, body, {
    carried,
    made,
    starts,
    operators,
    constants: [[first, integerOperand([], 0)]],
    axes: [],
  });
}

/** A Scan forwards along the steps. */
export function scanToIteration(
  scan: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): LoopIteration {
  const body = scan.bodies?.body ?? throwCrossStep();
  const count = numberAttribute(scan, 'num_scan_inputs', 1);
  const starts = scan.inputs.slice(0, scan.inputs.length - count);
  const sources = scan.inputs.slice(starts.length);
  const isForward = (name: string): boolean =>
    (numberListAttribute(scan, name) ?? []).every((one) => one === 0);
  if (!isForward('scan_input_directions') || !isForward('scan_output_directions')) throwCrossStep();
  if (starts.some((name) => role(name).kind !== 'fixed')) throwCrossStep();
  const constants: [string, Operand][] = [];
  const rows = sources.map((name, i): OperatorSpec => {
    const own = role(name);
    const along = normaliseAxis(
      numberListAttribute(scan, 'scan_input_axes')?.[i] ?? 0,
      at.operand(name)?.shape.length ?? throwCrossStep(),
    );
    if (own.kind !== 'steps' || own.axis !== along) throwCrossStep();
    const row = body.inputs[starts.length + i]!;
    constants.push([`${row}:axis`, axisOperand(along)]);
    return { operator: 'Squeeze', inputs: [name, `${row}:axis`], outputs: [row] };
  });
  for (const operator of body.operators) {
    if (operator.bodies) throwCrossStep();
    for (const name of operator.inputs)
      if (!isOwnValue(body, name) && role(name).kind !== 'fixed') throwCrossStep();
  }
  return buildIteration(scan, body, {
    carried: body.inputs.slice(0, starts.length),
    made: body.outputs,
    starts,
    operators: [...rows, ...body.operators],
    constants,
    axes: numberListAttribute(scan, 'scan_output_axes') ?? [],
  });
}

/** Whether a name is a value of the body itself, or an omitted input. */
const isOwnValue = ({ inputs, operators }: BodySpec, name: string): boolean =>
  name === '' || inputs.includes(name) || operators.some(({ outputs }) => outputs.includes(name));

/** Builds the iteration: carried values become states, collected values one row per step. */
function buildIteration(
  loop: OperatorSpec,
  body: BodySpec,
  one: {
    readonly carried: readonly string[];
    readonly made: readonly string[];
    readonly starts: readonly string[];
    readonly operators: readonly OperatorSpec[];
    readonly constants: readonly (readonly [string, Operand])[];
    readonly axes: readonly number[];
  },
): LoopIteration {
  const { carried, made, starts } = one;
  const operators = [...one.operators];
  const constants = [...one.constants];
  const roles: [string, StepRole][] = [];
  loop.outputs.forEach((name, i) => {
    if (name === '') return;
    const from = made[i] ?? throwCrossStep();
    if (i < starts.length) {
      operators.push({ operator: 'Identity', inputs: [from], outputs: [name] });
      roles.push([name, { kind: 'final' }]);
    } else {
      const axis = one.axes[i - starts.length] ?? 0;
      if (axis < 0) throwCrossStep();
      constants.push([`${name}:axis`, axisOperand(axis)]);
      operators.push({ operator: 'Unsqueeze', inputs: [from, `${name}:axis`], outputs: [name] });
      roles.push([name, { kind: 'steps', axis }]);
    }
  });
  for (const output of made) if (!isOwnValue(body, output)) throwCrossStep();
  return {
    operators,
    constants,
    roles,
    states: starts.map((start, i) => ({ input: carried[i]!, output: made[i]!, start })),
  };
}

function getGatherAxis(operator: OperatorSpec, at: SingleStepValues, name: string): number {
  return normaliseAxis(
    numberAttribute(operator, 'axis', 0),
    at.operand(name)?.shape.length ?? throwCrossStep(),
  );
}

const integerOperand = (shape: readonly number[], value: number): Operand => ({
  kind: 'int',
  shape,
  values: Float64Array.of(value),
  known: true,
});
const axisOperand = (value: number): Operand => integerOperand([1], value);
