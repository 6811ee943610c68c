import { UnrollError } from '../../errors.ts';
import { sizeOf, type Operand } from '../../operators/operand.ts';
import { programWidth } from '../../operators/output-width.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { shown } from '../arrays.ts';
import type { ForeignNetwork } from '../imported-network.ts';
import { operatorCounts, programName, programNetwork } from '../operators/program-network.ts';
import { blank, constantsOf } from '../operators/constants.ts';
import { fold, type Folded } from '../operators/fold.ts';
import { graphRoles, type GraphRoles } from './graph-roles.ts';
import type { GraphSettings } from './graph-settings.ts';
import { inputShapes, type InputShape } from './input-shapes.ts';
import { programOperators, type ProgramGraph } from './upgrade-operators.ts';
import type { OnnxModel, OnnxValue } from './read-onnx.ts';
import { refuse } from './refuse.ts';

/**
 * A graph as one layer that runs its operators: at every step with its states carried on, or over a whole sequence.
 * @throws UnrollError invalid_model with what is missing, or what has to be said
 */
export function programOfOnnx(model: OnnxModel, said: GraphSettings): ForeignNetwork {
  const graph = programOperators(model);
  const roles = graphRoles(model, said);
  const runs = said.runs ?? (roles.states.length > 0 ? 'step' : null);
  const candidates = inputShapes(roles.input, said.shapes[roles.input.name], runs);
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
  graph: ProgramGraph,
  roles: GraphRoles,
  said: GraphSettings,
  { shape, steps }: InputShape,
  runs: 'step' | 'sequence',
): ForeignNetwork {
  const own = (name: string): string => graph.named.get(name)!;
  const input = own(roles.input.name);
  const inputs = new Map<string, Operand | null>();
  const wholeInput = isWhole(roles.input);
  const first = shape.map((size) => (size === -1 ? (steps ?? size) : size));
  inputs.set(input, first.includes(-1) ? null : blank(first, wholeInput ? 'int' : 'float'));
  for (const [name, given] of Object.entries(said.set))
    inputs.set(own(name), settled(model.inputs, name, given));
  const states = roles.states.map((state) => {
    const sizes = said.shapes[state.input.name] ?? state.input.shape.map((size) => size ?? 1);
    if (sizes.includes(-1)) refuse(`graph.shapes.${state.input.name}: a state has no steps`);
    inputs.set(own(state.input.name), blank(sizes, 'float'));
    return { input: own(state.input.name), output: own(state.output.name), shape: [...sizes] };
  });
  const wanted = { ...graph, outputs: [own(roles.output.name), ...states.map(({ output }) => output)] };
  const folded = fold(wanted, inputs, graph.constants);
  const { floats, whole } = constantsOf(folded);
  const vocabulary = wholeInput ? vocabularyOf(folded, input) : undefined;

  const draft: ProgramSpec = {
    type: 'program',
    name: programName,
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
  if (programWidth(draft) < 1)
    refuse(`graph.context: ${said.context} numbers before a step of ${sizeOf(shape)}`);
  const network = programNetwork(draft, floats, (layer) => notesOf(model, roles, layer));
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
  if (sizeOf(shape) !== numbers.length)
    refuse(
      `graph.set.${name}: ${numbers.length} numbers, the graph reads [${value.shape.map((size) => size ?? '?').join(', ')}]`,
    );
  const kind = value.type === 9 ? 'bool' : isWhole(value) ? 'int' : 'float';
  const one = blank(shape, kind);
  one.values.set(numbers);
  return { ...one, known: true };
}

/** Rows of the matrix that ids are looked up in. */
function vocabularyOf({ operators, constants }: Folded, input: string): number {
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
  return refuse(`the input ${shown(input)} is whole numbers, but no matrix is looked up by them`);
}

function notesOf(
  { producer, opset }: OnnxModel,
  { input: read, output: answers, states, inferred }: GraphRoles,
  layer: ProgramSpec,
): string[] {
  const { runs, input, operators } = layer;
  return [
    `written by ${producer || 'an unknown program'}, opset ${opset}`,
    `runs as ${operators.length} operators, ${runs === 'step' ? 'at every step' : 'over whole sequences'}: ${operatorCounts(layer)}`,
    `${shown(read.name)} [${input.shape.map((size) => (size === -1 ? 'steps' : size)).join(', ')}] is fed, ${shown(answers.name)} answers`,
    ...states.map(
      (state) =>
        `${shown(state.input.name)} is a state, ${shown(state.output.name)} at the next step${inferred ? ' (they fit; model.json, graph.states, says otherwise)' : ''}`,
    ),
  ];
}
