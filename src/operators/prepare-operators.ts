import type { ProgramSpec } from '../network/layers/operator-graph/schema.ts';
import { operandOf, refuseOperator, type Operand } from './operand.ts';
import type { Preparing } from './operator.ts';
import { prepareBody } from './prepare-operator.ts';

/** A program made ready for sequences of one length (a step: 1). */
export interface PreparedProgram {
  readonly input: Operand;
  readonly states: readonly { readonly from: Operand; readonly to: Operand }[];
  readonly output: Operand;
  /** Numbers that it holds. */
  readonly elements: number;
  readonly run: () => void;
}

/**
 * @param constant the operand of a constant that is a tensor
 * @throws UnrollError invalid_model where an operator does not fit what it reads, or the program gives other shapes than it says
 */
export function prepareProgram(
  layer: ProgramSpec,
  steps: number,
  how: Pick<Preparing, 'product' | 'sweeps' | 'floats'>,
  constant: (name: string) => Operand,
): PreparedProgram {
  if (layer.input.steps !== undefined && layer.input.steps !== steps)
    refuseOperator(`it takes sequences of ${layer.input.steps} steps, this has ${steps}`);
  const prepared = openProgram(layer, steps, how, constant);
  const { output } = prepared;
  const numbers = layer.units * (layer.output.gives === 'step' ? steps : 1);
  if (output.values.length !== numbers)
    refuseOperator(
      `the output is [${output.shape.join(', ')}] for ${steps} steps, must have ${numbers} numbers`,
    );
  return prepared;
}

/** The same, whatever it answers. */
export function openProgram(
  layer: ProgramSpec,
  steps: number,
  how: Pick<Preparing, 'product' | 'sweeps' | 'floats'>,
  constant: (name: string) => Operand,
): PreparedProgram {
  const taken = { elements: 0, work: 0 };
  const making = { ...how, taken };
  const { input: read, output: gives } = layer;
  const around = new Map<string, Operand>();
  for (const name of Object.keys(layer.constants)) around.set(name, constant(name));
  for (const [name, { kind, shape, values }] of Object.entries(layer.wholeConstants)) {
    const whole = operandOf(making, kind, shape, true);
    if (whole.values.length !== values.length)
      refuseOperator(`constant ${name}: ${values.length} numbers for [${shape.join(', ')}]`);
    whole.values.set(values);
    around.set(name, whole);
  }
  const shape = read.shape.map((size) => (size === -1 ? steps : size));
  const input = operandOf(making, read.vocabulary === undefined ? 'float' : 'int', shape);
  around.set(read.value, input);
  const from = layer.states.map((state) => operandOf(making, 'float', state.shape));
  layer.states.forEach((state, i) => around.set(state.input, from[i]!));

  const outputs = [gives.value, ...layer.states.map((state) => state.output)];
  const body = { inputs: [], operators: layer.operators, outputs };
  const prepared = prepareBody(body, [], (name) => around.get(name), making);
  const [output, ...to] = prepared.outputs;
  const states = from.map((one, i) => {
    if (to[i]!.values.length !== one.values.length)
      refuseOperator(
        `the state ${layer.states[i]!.output} is [${to[i]!.shape.join(', ')}], must be [${one.shape.join(', ')}]`,
      );
    return { from: one, to: to[i]! };
  });
  return {
    input,
    states,
    output: output!,
    elements: taken.elements,
    run: () => {
      taken.work = 0;
      prepared.run();
    },
  };
}
