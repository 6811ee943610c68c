import { UnrollError } from '../../errors.ts';
import { findKind } from '../../operators/number-kinds.ts';
import { elementCount, type Operand } from '../../operators/operand.ts';
import { graphInputWidth } from '../../operators/graph-input-width.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
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
 * Converts a graph to one layer that runs its operators, once per step with states carried over, or once per
 * sequence.
 * @throws UnrollError invalid_model with what is unsupported, or what model.json must set
 */
export function onnxToOperators(model: OnnxModel, settings: GraphSettings): ImportedNetwork {
  const graph = upgradeOperators(model);
  const roles = resolveGraphRoles(model, settings);
  const runs = settings.runs ?? (roles.states.length > 0 ? 'step' : null);
  const candidates = listInputShapes(roles.input, settings.shapes[roles.input.name], runs);
  const failures: unknown[] = [];
  for (const shape of candidates)
    try {
      return build(
        model,
        graph,
        roles,
        settings,
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
  settings: GraphSettings,
  { shape, steps }: InputShape,
  runs: 'step' | 'sequence',
): ImportedNetwork {
  const toValueName = (name: string): string => graph.named.get(name)!;
  const input = toValueName(roles.input.name);
  const inputs = new Map<string, Operand | null>();
  const integerInput = isInteger(roles.input);
  const first = shape.map((size) => (size === -1 ? (steps ?? size) : size));
  inputs.set(
    input,
    first.includes(-1) ? null : createPlaceholder(first, findKind(roles.input.type) ?? 'float'),
  );
  for (const [name, given] of Object.entries(settings.set))
    inputs.set(toValueName(name), toConstant(model.inputs, name, given));
  const states = roles.states.map((state) => {
    const sizes = settings.shapes[state.input.name] ?? state.input.shape.map((size) => size ?? 1);
    if (sizes.includes(-1)) invalidModel(`graph.shapes.${state.input.name}: a state must not contain −1`);
    inputs.set(toValueName(state.input.name), createPlaceholder(sizes, 'float'));
    return {
      input: toValueName(state.input.name),
      output: toValueName(state.output.name),
      shape: [...sizes],
    };
  });
  const required = {
    ...graph,
    outputs: [toValueName(roles.output.name), ...states.map(({ output }) => output)],
  };
  const folded = foldConstants(required, inputs, graph.constants);
  const { floats, whole } = splitConstants(folded);
  const vocabulary = integerInput ? findVocabulary(folded, input) : undefined;

  const draft: OperatorGraphSpec = {
    type: 'operator_graph',
    name: operatorGraphLayerName,
    inputs: ['input'],
    runs,
    input: {
      value: input,
      shape: [...shape],
      ...(steps !== undefined && { steps }),
      context: runs === 'step' ? settings.context : 0,
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
    invalidModel(
      `graph.context: ${settings.context} numbers of context for a step of ${elementCount(shape)}`,
    );
  const network = createOperatorGraphNetwork(draft, floats, (layer) => createNotes(model, roles, layer));
  const tensors = isBatchFirst(draft) ? { input: roles.input.name, output: roles.output.name } : undefined;
  return { ...network, tensors };
}

/** Whether the input is laid out as in the inference protocol: batch, steps, features. */
const isBatchFirst = ({ runs, input }: OperatorGraphSpec): boolean =>
  runs === 'sequence' &&
  input.shape[1] === -1 &&
  input.shape.length === (input.vocabulary === undefined ? 3 : 2);

const isInteger = ({ type }: OnnxValue): boolean => !['float', 'bool', undefined].includes(findKind(type));

/** Creates the operand of an input that is set in model.json: a number, or as many as its shape has. */
function toConstant(inputs: readonly OnnxValue[], name: string, given: number | readonly number[]): Operand {
  const value = inputs.find((one) => one.name === name)!;
  const numbers = [given].flat();
  const shape = value.shape.map((size) => size ?? 1);
  if (elementCount(shape) !== numbers.length)
    invalidModel(
      `graph.set.${name}: ${numbers.length} numbers, the input has the shape [${value.shape.map((size) => size ?? '?').join(', ')}]`,
    );
  const one = createPlaceholder(shape, findKind(value.type) ?? 'float');
  one.values.set(numbers);
  return { ...one, known: true };
}

/** Finds the vocabulary: the number of rows of the matrix in which ids are looked up. */
function findVocabulary({ operators, constants }: FoldedGraph, input: string): number {
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
  return invalidModel(`the input ${quote(input)} has integers, but no operator looks them up in a matrix`);
}

function createNotes(
  { producer, opset }: OnnxModel,
  { input: read, output: answers, states, inferred }: GraphRoles,
  layer: OperatorGraphSpec,
): string[] {
  const { runs, input, operators } = layer;
  return [
    `written by ${producer || 'an unknown producer'}, opset ${opset}`,
    `runs as ${operators.length} operators, ${runs === 'step' ? 'once per step' : 'once per sequence'}: ${summarizeOperators(layer)}`,
    `${quote(read.name)} [${input.shape.map((size) => (size === -1 ? 'steps' : size)).join(', ')}] is the input, ${quote(answers.name)} the output`,
    ...states.map(
      (state) =>
        `${quote(state.input.name)} is a state with the next value ${quote(state.output.name)}${inferred ? ' (inferred from names and shapes; model.json, graph.states, overrides it)' : ''}`,
    ),
  ];
}
