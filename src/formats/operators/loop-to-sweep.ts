import { normaliseAxis, type Operand } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { across, type AtOneStep, type Role } from './step-roles.ts';

// What one turn of a Loop or a Scan does, where it has a turn for every step and reads that step alone.

/** A loop's body once, as operators of a step. */
export interface Turn {
  readonly operators: readonly OperatorSpec[];
  readonly states: readonly { readonly input: string; readonly output: string; readonly start: string }[];
  readonly roles: readonly (readonly [string, Role])[];
  readonly constants: readonly (readonly [string, Operand])[];
}

/** A loop of as many turns as there are steps, whose turn picks the step of what it reads and nothing else. */
export function turnOfLoop(loop: OperatorSpec, role: (name: string) => Role, at: AtOneStep): Turn {
  const body = loop.bodies?.body ?? across();
  const [turns = '', condition = '', ...starts] = loop.inputs;
  const [turn = '', goOn = '', ...carried] = body.inputs;
  const [goes = '', ...made] = body.outputs;
  if (turns === '' || role(turns).kind !== 'count') across();
  const isTrue = (name: string): boolean =>
    at.operand(name)?.known === true && at.operand(name)!.values[0] === 1;
  if (condition !== '' && !isTrue(condition)) across();
  if (goes !== goOn && !isTrue(goes)) across();
  if (starts.some((name) => role(name).kind !== 'fixed')) across();
  const first = `${turn}:first`;
  const operators = body.operators.map((operator) => {
    if (operator.bodies) across();
    const picks = operator.operator === 'Gather' && operator.inputs[1] === turn;
    operator.inputs.forEach((name, i) => {
      if (name === goOn || (name === turn && !(picks && i === 1))) across();
      const around = own(body, name) ? null : role(name);
      if (around === null || around.kind === 'fixed') return;
      const along =
        picks && i === 0 && around.kind === 'steps' && axisOfGather(operator, at, name) === around.axis;
      if (!along) across();
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
export function turnOfScan(scan: OperatorSpec, role: (name: string) => Role, at: AtOneStep): Turn {
  const body = scan.bodies?.body ?? across();
  const count = numberAttribute(scan, 'num_scan_inputs', 1);
  const starts = scan.inputs.slice(0, scan.inputs.length - count);
  const sources = scan.inputs.slice(starts.length);
  const forwards = (name: string): boolean =>
    (numberListAttribute(scan, name) ?? []).every((one) => one === 0);
  if (!forwards('scan_input_directions') || !forwards('scan_output_directions')) across();
  if (starts.some((name) => role(name).kind !== 'fixed')) across();
  const constants: [string, Operand][] = [];
  const rows = sources.map((name, i): OperatorSpec => {
    const own = role(name);
    const along = normaliseAxis(
      numberListAttribute(scan, 'scan_input_axes')?.[i] ?? 0,
      at.operand(name)?.shape.length ?? across(),
    );
    if (own.kind !== 'steps' || own.axis !== along) across();
    const row = body.inputs[starts.length + i]!;
    constants.push([`${row}:axis`, whole(along)]);
    return { operator: 'Squeeze', inputs: [name, `${row}:axis`], outputs: [row] };
  });
  for (const operator of body.operators) {
    if (operator.bodies) across();
    for (const name of operator.inputs) if (!own(body, name) && role(name).kind !== 'fixed') across();
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
): Turn {
  const { carried, made, starts } = one;
  const operators = [...one.operators];
  const constants = [...one.constants];
  const roles: [string, Role][] = [];
  loop.outputs.forEach((name, i) => {
    if (name === '') return;
    const from = made[i] ?? across();
    if (i < starts.length) {
      operators.push({ operator: 'Identity', inputs: [from], outputs: [name] });
      roles.push([name, { kind: 'now' }]);
    } else {
      const axis = one.axes[i - starts.length] ?? 0;
      if (axis < 0) across();
      constants.push([`${name}:axis`, whole(axis)]);
      operators.push({ operator: 'Unsqueeze', inputs: [from, `${name}:axis`], outputs: [name] });
      roles.push([name, { kind: 'steps', axis }]);
    }
  });
  for (const output of made) if (!own(body, output)) across();
  return {
    operators,
    constants,
    roles,
    states: starts.map((start, i) => ({ input: carried[i]!, output: made[i]!, start })),
  };
}

function axisOfGather(operator: OperatorSpec, at: AtOneStep, name: string): number {
  return normaliseAxis(numberAttribute(operator, 'axis', 0), at.operand(name)?.shape.length ?? across());
}

const wholeNumber = (shape: readonly number[], value: number): Operand => ({
  kind: 'int',
  shape,
  values: Float64Array.of(value),
  known: true,
});
const whole = (value: number): Operand => wholeNumber([1], value);
