import { UnrollError } from '../../errors.ts';
import type { OperatorGraphSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { loopToSteps } from '../operators/loop-to-steps.ts';
import { inferOutput } from '../operators/infer-output.ts';
import {
  createOperatorGraphNetwork,
  operatorGraphLayerName,
  summarizeOperators,
} from '../operators/operator-graph-network.ts';
import type { ConvertedInput, ConvertedTensor } from './converted-tensor.ts';
import type { ConvertedModel } from './convert-model.ts';
import type { KerasModel } from './keras-model.ts';
import { formatShape, type GraphBuilder } from './to-operators/graph-builder.ts';

/** Returns the only input and output. @throws UnrollError invalid_model when there are several */
export function requireSingle({ inputs, outputs }: ConvertedModel): {
  readonly input: ConvertedInput;
  readonly output: ConvertedTensor;
} {
  const [input] = inputs;
  const [output] = outputs;
  if (!input || inputs.length > 1)
    return invalidModel(
      `it has ${inputs.length} inputs (${inputs.map((one) => quote(one.input.name)).join(', ')}), must have one`,
    );
  if (!output || outputs.length > 1)
    return invalidModel(
      `it has ${outputs.length} outputs (${outputs.map((one) => quote(one.name)).join(', ')}), must have one`,
    );
  return { input, output };
}

/** Returns the number of values per step. @throws UnrollError invalid_model where it is unknown */
export const requireWidth = ({ shape, input }: ConvertedInput): number =>
  shape.at(-1) ?? invalidModel(`${quote(input.name)} has an unknown number of values per step`);

/**
 * Creates a network of one layer that runs the model's operators over a sequence: a batch of one.
 * @param reason why it was not converted to layers of ours
 */
export function toOperatorNetwork(
  { version }: KerasModel,
  converted: ConvertedModel,
  reason: string,
): ImportedNetwork {
  const { graph } = converted;
  const { input, output } = requireSingle(converted);
  const vocabulary = graph.vocabularies.get(input.input.name);
  if (vocabulary !== undefined) requireLookUps(graph, input.value);
  const described = describeInput(input, vocabulary, output);
  requireRowShape(output);
  const draft: OperatorGraphSpec = {
    type: 'operator_graph',
    name: operatorGraphLayerName,
    inputs: ['input'],
    ...described,
    output: { value: output.value, gives: 'step' },
    units: 1,
    states: [],
    wholeConstants: Object.fromEntries(graph.whole),
    constants: Object.fromEntries([...graph.floats].map(([name, tensor]) => [name, [...tensor.shape]])),
    operators: [...graph.operators],
  };
  try {
    const whole = inferOutput(draft, graph.floats);
    const steps = graph.usesMasks() ? loopToSteps(whole, graph.floats) : null;
    const { layer, tensors } = steps && !steps.lastStepOnly ? steps : { layer: whole, tensors: graph.floats };
    const network = createOperatorGraphNetwork(layer, tensors, [
      `written by Keras ${version}`,
      `runs as ${layer.operators.length} operators, ${layer.runs === 'step' ? 'once per step' : 'once per sequence'}: ${summarizeOperators(layer)}`,
      ...graph.notes,
      ...(reason === '' ? [] : [`not converted to layers: ${reason}`]),
    ]);
    requireRowPerStep(network, output);
    return network;
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return invalidModel(`as operators: ${error.message}; as layers: ${reason}`);
  }
}

/** Checks that ids are used only in embeddings and for masks. */
function requireLookUps({ operators }: GraphBuilder, input: string): void {
  const allowed = new Set(['Gather', 'Cast', 'Equal', 'Shape', 'Reshape']);
  for (const { operator, inputs, outputs } of operators)
    if (inputs.includes(input) && !allowed.has(operator))
      invalidModel(`${operator} (${outputs[0]!}) uses ids, which only an embedding can`);
}

/** Describes the input: a single row is one step, unless the output is a sequence. */
function describeInput(
  input: ConvertedInput,
  vocabulary: number | undefined,
  output: ConvertedTensor,
): Pick<OperatorGraphSpec, 'runs' | 'input'> {
  const { shape, value } = input;
  const base = { value, context: 0 };
  const [first = null] = shape;
  const steps = first === null ? {} : { steps: first };
  if (shape.length > 2)
    invalidModel(
      `${quote(input.input.name)} has the input shape ${formatShape(shape)}: at most time and features are supported`,
    );
  if (vocabulary !== undefined && shape.length === 1)
    return { runs: 'sequence', input: { ...base, shape: [1, -1], vocabulary, ...steps } };
  const width = requireWidth(input);
  if (vocabulary !== undefined) invalidModel(`${quote(input.input.name)} has ${width} ids per step`);
  if (shape.length === 2) return { runs: 'sequence', input: { ...base, shape: [1, -1, width], ...steps } };
  return output.shape.length === 1
    ? { runs: 'step', input: { ...base, shape: [1, width] } }
    : { runs: 'sequence', input: { ...base, shape: [1, width], steps: 1 } };
}

function requireRowShape({ shape }: ConvertedTensor): void {
  if (shape.length > 2 || shape.slice(1).includes(null))
    invalidModel(`the output shape is ${formatShape(shape)}, must be rows of columns, or one row`);
}

/** Checks that an output whose rows grow with the sequence's length has one row per step. */
function requireRowPerStep({ network }: ImportedNetwork, { shape }: ConvertedTensor): void {
  const [layer] = network.layers as [OperatorGraphSpec];
  const width = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  if (shape[0] === null && layer.output.gives === 'step' && layer.units !== width)
    invalidModel(`the output has ${layer.units / width} rows per step, must have one`);
}
