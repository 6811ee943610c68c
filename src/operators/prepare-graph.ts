import { countAnswers } from './row-count.ts';
import type { OperatorGraph } from './spec.ts';
import { countWork, createOperand, invalidOperator, type Operand } from './operand.ts';
import type { PreparedBody, PrepareContext } from './operator.ts';
import { prepareBody } from './prepare-operator.ts';

/** An operator graph prepared for sequences of one length (1 where it runs step by step). */
export interface PreparedGraph {
  readonly input: Operand;
  readonly states: readonly { readonly from: Operand; readonly to: Operand }[];
  readonly output: Operand;
  /** Elements of all its operands. */
  readonly elements: number;
  readonly run: () => void;
  /** What `run` does, one after the other, once `begin` was called. */
  readonly operations: PreparedBody['operations'];
  readonly begin: () => void;
}

/**
 * Prepares a graph and checks the shape of its output.
 * @param constant returns the operand of a constant that is a tensor
 * @throws UnrollError invalid_model where an operator does not fit its inputs, or the output or a state has
 * another shape
 * than the graph declares
 */
export function prepareGraph(
  graph: OperatorGraph,
  steps: number,
  context: Pick<PrepareContext, 'product' | 'sweeps' | 'floats'>,
  constant: (name: string) => Operand,
): PreparedGraph {
  if (graph.input.steps !== undefined && graph.input.steps !== steps)
    invalidOperator(`the sequence must have ${graph.input.steps} steps, not ${steps}`);
  const usage = { elements: 0, work: 0 };
  const withUsage = { ...context, usage };
  const scope = new Map<string, Operand>();
  for (const name of Object.keys(graph.constants)) scope.set(name, constant(name));
  for (const [name, { kind, shape, values }] of Object.entries(graph.wholeConstants)) {
    const whole = createOperand(withUsage, kind, shape, true);
    if (whole.values.length !== values.length)
      invalidOperator(`constant ${name}: ${values.length} values for the shape [${shape.join(', ')}]`);
    whole.values.set(values);
    scope.set(name, whole);
  }
  const shape = graph.input.shape.map((size) => (size === -1 ? steps : size));
  const input = createOperand(withUsage, graph.input.vocabulary === undefined ? 'float' : 'int', shape);
  scope.set(graph.input.value, input);
  const from = graph.states.map((state) => createOperand(withUsage, 'float', state.shape));
  graph.states.forEach((state, i) => scope.set(state.input, from[i]!));

  const outputs = [graph.output.value, ...graph.states.map((state) => state.output)];
  const body = { inputs: [], operators: graph.operators, outputs };
  const prepared = prepareBody(body, [], (name) => scope.get(name), withUsage);
  const [output, ...to] = prepared.outputs;
  const elements = graph.units * countAnswers(graph.output, steps);
  if (output!.values.length !== elements)
    invalidOperator(
      `the output is [${output!.shape.join(', ')}] for ${steps} steps, must have ${elements} elements`,
    );
  const states = from.map((before, i) => {
    if (to[i]!.values.length !== before.values.length)
      invalidOperator(
        `the state ${graph.states[i]!.output} is [${to[i]!.shape.join(', ')}], must be [${before.shape.join(', ')}]`,
      );
    return { from: before, to: to[i]! };
  });
  return {
    input,
    states,
    output: output!,
    elements: usage.elements,
    operations: prepared.operations,
    begin: () => {
      usage.work = 0;
      countWork(withUsage, prepared.work);
    },
    run: () => {
      usage.work = 0;
      prepared.run();
    },
  };
}
