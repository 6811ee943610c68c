import { normaliseAxis, type Operand } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { throwCrossStep, type SingleStepValues, type StepRole } from './step-roles.ts';

// What one turn of a Loop or a Scan does, where it has a turn for every step and reads that step alone.

/** A loop's body once, as operators of a step. */
export interface LoopIteration {
  readonly operators: readonly OperatorSpec[];
  readonly states: readonly { readonly input: string; readonly output: string; readonly start: string }[];
  readonly roles: readonly (readonly [string, StepRole])[];
  readonly constants: readonly (readonly [string, Operand])[];
}

/** A loop of as many turns as there are steps, whose turn picks the step of what it reads and nothing else. */
export function loopToIteration(
  loop: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): LoopIteration {
  const body = loop.bodies?.body ?? throwCrossStep();
  const [turns = '', condition = '', ...starts] = loop.inputs;
  const [turn = '', goOn = '', ...carried] = body.inputs;
  const [goes = '', ...made] = body.outputs;
  if (turns === '' || role(turns).kind !== 'count') throwCrossStep();
  const isTrue = (name: string): boolean =>
    at.operand(name)?.known === true && at.operand(name)!.values[0] === 1;
  if (condition !== '' && !isTrue(condition)) throwCrossStep();
  if (goes !== goOn && !isTrue(goes)) throwCrossStep();
  if (starts.some((name) => role(name).kind !== 'fixed')) throwCrossStep();
  const first = `${turn}:first`;
  const operators = body.operators.map((operator) => {
    if (operator.bodies) throwCrossStep();
    const picks = operator.operator === 'Gather' && operator.inputs[1] === turn;
    operator.inputs.forEach((name, i) => {
      if (name === goOn || (name === turn && !(picks && i === 1))) throwCrossStep();
      const around = own(body, name) ? null : role(name);
      if (around === null || around.kind === 'fixed') return;
      const along =
        picks && i === 0 && around.kind === 'steps' && axisOfGather(operator, at, name) === around.axis;
      if (!along) throwCrossStep();
    });
    return picks ? { ...operator, inputs: [operator.inputs[0]!, first] } : operator;
  });
  return turnOf(loop, body, {
    carried,
    made,
    starts,
    operators,
    constants: [[first, wholeNumber([], 0)]],
    axes: [],
  });
}

/** A scan along the steps, forwards. */
export function scanToIteration(
  scan: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): LoopIteration {
  const body = scan.bodies?.body ?? throwCrossStep();
  const count = numberAttribute(scan, 'num_scan_inputs', 1);
  const starts = scan.inputs.slice(0, scan.inputs.length - count);
  const sources = scan.inputs.slice(starts.length);
  const forwards = (name: string): boolean =>
    (numberListAttribute(scan, name) ?? []).every((one) => one === 0);
  if (!forwards('scan_input_directions') || !forwards('scan_output_directions')) throwCrossStep();
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
    constants.push([`${row}:axis`, whole(along)]);
    return { operator: 'Squeeze', inputs: [name, `${row}:axis`], outputs: [row] };
  });
  for (const operator of body.operators) {
    if (operator.bodies) throwCrossStep();
    for (const name of operator.inputs) if (!own(body, name) && role(name).kind !== 'fixed') throwCrossStep();
  }
  return turnOf(scan, body, {
    carried: body.inputs.slice(0, starts.length),
    made: body.outputs,
    starts,
    operators: [...rows, ...body.operators],
    constants,
    axes: numberListAttribute(scan, 'scan_output_axes') ?? [],
  });
}

/** A body's own value, or one that is left out. */
const own = ({ inputs, operators }: BodySpec, name: string): boolean =>
  name === '' || inputs.includes(name) || operators.some(({ outputs }) => outputs.includes(name));

/** One turn: what is carried becomes states, what is collected a row of one step. */
function turnOf(
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
      roles.push([name, { kind: 'now' }]);
    } else {
      const axis = one.axes[i - starts.length] ?? 0;
      if (axis < 0) throwCrossStep();
      constants.push([`${name}:axis`, whole(axis)]);
      operators.push({ operator: 'Unsqueeze', inputs: [from, `${name}:axis`], outputs: [name] });
      roles.push([name, { kind: 'steps', axis }]);
    }
  });
  for (const output of made) if (!own(body, output)) throwCrossStep();
  return {
    operators,
    constants,
    roles,
    states: starts.map((start, i) => ({ input: carried[i]!, output: made[i]!, start })),
  };
}

function axisOfGather(operator: OperatorSpec, at: SingleStepValues, name: string): number {
  return normaliseAxis(
    numberAttribute(operator, 'axis', 0),
    at.operand(name)?.shape.length ?? throwCrossStep(),
  );
}

const wholeNumber = (shape: readonly number[], value: number): Operand => ({
  kind: 'int',
  shape,
  values: Float64Array.of(value),
  known: true,
});
const whole = (value: number): Operand => wholeNumber([1], value);
