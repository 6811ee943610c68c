import { elementCount } from '../../operators/operand.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { GraphSettings } from '../onnx/graph-settings.ts';
import type { Expression, FunctionCode } from './code/syntax.ts';
import { resolve, unknownSize, type Dimension } from './dimensions.ts';
import type { Graph } from './graph.ts';
import { createTensor } from './tensor-values.ts';
import { bool, float, int, none, type Tensor, type Value } from './values.ts';
import type { ValueKind } from './value-kind.ts';

// The inputs of the code's forward: its parameters that are tensors, and those in tuples by their places.

/** What is known of an input: from model.json, or from an interpretation before this one. */
export interface KnownInput {
  /** Null while the number of dimensions is not known. */
  readonly shape: readonly (number | null)[] | null;
  readonly kind: ValueKind | null;
}

export interface GivenInput {
  readonly name: string;
  /** The graph's value of the input. */
  readonly value: string;
  readonly tensor: Tensor;
}

export type InputSettings = Pick<GraphSettings, 'set' | 'shapes'>;

/**
 * Creates the arguments of a call of forward.
 * @param known by the inputs' names
 * @throws UnrollError invalid_model for parameters that are neither tensors nor known numbers
 */
export function createArguments(
  graph: Graph,
  forward: FunctionCode,
  settings: InputSettings,
  known: ReadonlyMap<string, KnownInput>,
): { args: Value[]; inputs: GivenInput[] } {
  const inputs: GivenInput[] = [];
  const createInput = (name: string): Tensor => {
    if (inputs.some((input) => input.name === name)) invalidModel(`two inputs are named ${quote(name)}`);
    const { shape = null, kind = null } = known.get(name) ?? {};
    const sizes = shape && shape.map((size): Dimension => size ?? unknownSize());
    const tensor: Tensor = { ...createTensor(graph.name(), { kind }, []), shape: sizes };
    inputs.push({ name, value: tensor.node, tensor });
    return tensor;
  };
  const create = (name: string, type: Expression | null): Value => {
    const base = type?.kind === 'index' ? type.object : type;
    const wanted = base?.kind === 'name' ? base.name : '';
    const inner = type?.kind === 'index' ? type.index : null;
    if (Object.hasOwn(settings.set, name)) return createConstant(graph, name, wanted, settings);
    if (wanted === 'Tensor') return createInput(name);
    if (wanted === 'Optional') return create(name, inner);
    if (wanted === 'Tuple' && inner)
      return {
        kind: 'tuple',
        items: (inner.kind === 'tuple' ? inner.items : [inner]).map((one, i) => create(`${name}_${i}`, one)),
        fields: null,
      };
    return invalidModel(
      ['int', 'float', 'bool'].includes(wanted)
        ? `the parameter ${quote(name)} of forward is a number without a default: in model.json, graph.set sets it`
        : `the parameter ${quote(name)} of forward is neither a tensor nor a tuple of tensors`,
    );
  };
  // a parameter with a default is left out, as callers of the module may
  const parameters = forward.parameters.slice(1);
  const isGiven = (name: string): boolean =>
    [settings.set, settings.shapes].some((given) =>
      Object.keys(given).some((one) => one === name || one.startsWith(`${name}_`)),
    );
  const count = 1 + parameters.findLastIndex(({ name, fallback }) => fallback === null || isGiven(name));
  const args = parameters
    .slice(0, count)
    .map(({ name, type, fallback }) =>
      fallback === null || isGiven(name) ? create(name, type) : getDefault(fallback),
    );
  for (const name of Object.keys(settings.shapes))
    if (!inputs.some((input) => input.name === name))
      invalidModel(
        `graph.shapes: ${quote(name)}, must be one of ${inputs.map((input) => quote(input.name)).join(', ')}`,
      );
  return { args, inputs };
}

function getDefault(fallback: Expression): Value {
  if (fallback.kind === 'number') return fallback.isFloat ? float(fallback.value) : int(fallback.value);
  if (fallback.kind === 'constant') return fallback.value === null ? none : bool(fallback.value);
  return invalidModel(`the default of a parameter is a ${fallback.kind}, which is not supported`);
}

/** A parameter that model.json sets: a number, or a tensor of the shape that it gives. */
function createConstant(graph: Graph, name: string, type: string, { set, shapes }: InputSettings): Value {
  const numbers = [set[name]!].flat();
  const [first = 0] = numbers;
  if (type === 'int') return int(first);
  if (type === 'float') return float(first);
  if (type === 'bool') return bool(first !== 0);
  const shape = shapes[name] ?? (Array.isArray(set[name]) ? [numbers.length] : []);
  if (elementCount(shape) !== numbers.length)
    invalidModel(`graph.set.${name}: ${numbers.length} numbers for the shape [${shape.join(', ')}]`);
  const isWhole = numbers.every(Number.isInteger);
  const kind = isWhole ? 'int' : 'float';
  const values = isWhole ? Float64Array.from(numbers) : Float32Array.from(numbers);
  return createTensor(graph.constant({ kind, shape, values }), kind, shape);
}

/** What an interpretation has shown of an input. Where nothing else tells its type, it is float. */
export const toKnown = ({ tensor }: GivenInput): KnownInput => ({
  shape: tensor.shape && tensor.shape.map(resolve).map((size) => (typeof size === 'number' ? size : null)),
  kind: tensor.type.kind ?? tensor.type.convertedTo ?? 'float',
});
