import { UnrollError } from '../../errors.ts';
import { elementCount, type Operand } from '../../operators/operand.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import {
  summarizeOperators,
  operatorGraphLayerName,
  createOperatorGraphNetwork,
} from '../operators/operator-graph-network.ts';
import { createPlaceholder, splitConstants } from '../operators/constants.ts';
import { foldConstants, type FoldedGraph } from '../operators/fold-constants.ts';
import { resolveGraphRoles, type GraphRoles } from './graph-roles.ts';
import type { GraphSettings } from './graph-settings.ts';
import { listInputShapes, type InputShape } from './input-shapes.ts';
import { upgradeOperators, type OperatorGraph } from './upgrade-operators.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';

/**
 * A graph as one layer that runs its operators: at every step with its states carried on, or over a whole sequence.
 * @throws UnrollError invalid_model with what is missing, or what has to be said
 */
export function onnxToOperators(model: OnnxModel, said: GraphSettings): ImportedNetwork {
  const graph = upgradeOperators(model);
  const roles = resolveGraphRoles(model, said);
  const runs = said.runs ?? (roles.states.length > 0 ? 'step' : null);
  const candidates = listInputShapes(roles.input, said.shapes[roles.input.name], runs);
  const failures: unknown[] = [];
  for (const shape of candidates)
    try {
      return build(
        model,
        graph,
        roles,
        said,
        shape,
        runs ?? (shape.shape.includes(-1) ? 'sequence' : 'step'),
      );
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failures.push(error);
    }
  throw failures[0];
}

function build(
  model: OnnxModel,
  graph: OperatorGraph,
  roles: GraphRoles,
  said: GraphSettings,
  { shape, steps }: InputShape,
  runs: 'step' | 'sequence',
): ImportedNetwork {
  const own = (name: string): string => graph.named.get(name)!;
  const input = own(roles.input.name);
  const inputs = new Map<string, Operand | null>();
  const wholeInput = isWhole(roles.input);
  const first = shape.map((size) => (size === -1 ? (steps ?? size) : size));
  inputs.set(input, first.includes(-1) ? null : createPlaceholder(first, wholeInput ? 'int' : 'float'));
  for (const [name, given] of Object.entries(said.set))
    inputs.set(own(name), settled(model.inputs, name, given));
  const states = roles.states.map((state) => {
    const sizes = said.shapes[state.input.name] ?? state.input.shape.map((size) => size ?? 1);
    if (sizes.includes(-1)) invalidModel(`graph.shapes.${state.input.name}: a state has no steps`);
    inputs.set(own(state.input.name), createPlaceholder(sizes, 'float'));
    return { input: own(state.input.name), output: own(state.output.name), shape: [...sizes] };
  });
  const wanted = { ...graph, outputs: [own(roles.output.name), ...states.map(({ output }) => output)] };
  const folded = foldConstants(wanted, inputs, graph.constants);
  const { floats, whole } = splitConstants(folded);
  const vocabulary = wholeInput ? vocabularyOf(folded, input) : undefined;

  const draft: ProgramSpec = {
    type: 'program',
    name: operatorGraphLayerName,
    inputs: ['input'],
    runs,
    input: {
      value: input,
      shape: [...shape],
      ...(steps !== undefined && { steps }),
      context: runs === 'step' ? said.context : 0,
      ...(vocabulary !== undefined && { vocabulary }),
    },
    output: { value: folded.outputs[0]!, gives: 'step' },
    units: 1,
    states: states.map((state, i) => ({ ...state, output: folded.outputs[i + 1]! })),
    wholeConstants: whole,
    constants: Object.fromEntries([...floats].map(([name, tensor]) => [name, [...tensor.shape]])),
    operators: [...folded.operators],
  };
  if (graphInputWidth(draft) < 1)
    invalidModel(`graph.context: ${said.context} numbers before a step of ${elementCount(shape)}`);
  const network = createOperatorGraphNetwork(draft, floats, (layer) => notesOf(model, roles, layer));
  const tensors = batchFirst(draft) ? { input: roles.input.name, output: roles.output.name } : undefined;
  return { ...network, tensors };
}

/** Laid out as the inference protocol has sequences here: the batch, the steps, what a step has. */
const batchFirst = ({ runs, input }: ProgramSpec): boolean =>
  runs === 'sequence' &&
  input.shape[1] === -1 &&
  input.shape.length === (input.vocabulary === undefined ? 3 : 2);

const isWhole = ({ type }: OnnxValue): boolean => [2, 3, 4, 5, 6, 7, 12, 13].includes(type);

/** An input that is a number: a scalar, or as many as its shape has. */
function settled(inputs: readonly OnnxValue[], name: string, given: number | readonly number[]): Operand {
  const value = inputs.find((one) => one.name === name)!;
  const numbers = [given].flat();
  const shape = value.shape.map((size) => size ?? 1);
  if (elementCount(shape) !== numbers.length)
    invalidModel(
      `graph.set.${name}: ${numbers.length} numbers, the graph reads [${value.shape.map((size) => size ?? '?').join(', ')}]`,
    );
  const kind = value.type === 9 ? 'bool' : isWhole(value) ? 'int' : 'float';
  const one = createPlaceholder(shape, kind);
  one.values.set(numbers);
  return { ...one, known: true };
}

/** Rows of the matrix that ids are looked up in. */
function vocabularyOf({ operators, constants }: FoldedGraph, input: string): number {
  const ids = new Set([input]);
  for (const { operator, inputs, outputs } of operators) {
    if (
      ['Cast', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Flatten'].includes(operator) &&
      ids.has(inputs[0]!)
    )
      ids.add(outputs[0]!);
    const table = operator === 'Gather' && ids.has(inputs[1]!) ? constants.get(inputs[0]!) : undefined;
    if (table) return table.shape[0]!;
  }
  return invalidModel(`the input ${quote(input)} is whole numbers, but no matrix is looked up by them`);
}

function notesOf(
  { producer, opset }: OnnxModel,
  { input: read, output: answers, states, inferred }: GraphRoles,
  layer: ProgramSpec,
): string[] {
  const { runs, input, operators } = layer;
  return [
    `written by ${producer || 'an unknown program'}, opset ${opset}`,
    `runs as ${operators.length} operators, ${runs === 'step' ? 'at every step' : 'over whole sequences'}: ${summarizeOperators(layer)}`,
    `${quote(read.name)} [${input.shape.map((size) => (size === -1 ? 'steps' : size)).join(', ')}] is fed, ${quote(answers.name)} answers`,
    ...states.map(
      (state) =>
        `${quote(state.input.name)} is a state, ${quote(state.output.name)} at the next step${inferred ? ' (they fit; model.json, graph.states, says otherwise)' : ''}`,
    ),
  ];
}
