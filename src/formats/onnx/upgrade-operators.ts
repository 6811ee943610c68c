import { operatorNames } from '../../operators/operator-table.ts';
import type { Operand } from '../../operators/operand.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { collectLists, listOperators } from './collected-lists.ts';
import { expandOperator } from './expand-operator.ts';
import { upgradeNode } from './opset-changes.ts';
import {
  getFunctionKey,
  type Attribute,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
} from './read-onnx.ts';
import { type OnnxTensor } from './read-tensor.ts';

// Converts a graph of any opset to operators of the newest opset with names that are unique across nested
// graphs. Attributes of older opsets become inputs, Constant nodes become constants of the graph, and calls
// of functions the operators of their bodies.

export interface OperatorGraph extends BodySpec {
  readonly constants: Map<string, Operand>;
  /** The new names of the graph's values by their names in the file. */
  readonly named: ReadonlyMap<string, string>;
}

/** The names that nodes see, and what a function's body knows of its call. */
interface Scope {
  /** Names in the graph by names in the file. */
  readonly names: Map<string, string>;
  readonly opset: number;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** The functions around, outermost first. */
  readonly functions: readonly string[];
}

/** Operators of a graph with its functions expanded: calls of calls could be any number. */
const maxOperators = 20_000;

/**
 * Converts a model's graph.
 * @throws UnrollError invalid_model with every unsupported operator and where it is
 */
export function upgradeOperators(model: OnnxModel): OperatorGraph {
  const missing = new Map<string, string[]>();
  const constants = new Map<string, Operand>();
  const usedNames = new Set<string>(['']);
  let count = 0;

  const unique = (name: string): string => {
    const clean = name.replaceAll(/[^\w.:/-]+/g, '_').slice(-64);
    let own = clean === '' ? 'value' : clean;
    for (let i = 2; usedNames.has(own); i++) own = `${clean}~${i}`;
    usedNames.add(own);
    return own;
  };
  const constant = (name: string, tensor: OnnxTensor): string => {
    const own = unique(name);
    constants.set(own, toOperand(tensor));
    return own;
  };
  const bindTo =
    ({ names }: Scope) =>
    (name: string): string => {
      const own = name === '' ? '' : unique(name);
      names.set(name, own);
      return own;
    };

  const convertGraph = (graph: OnnxGraph, around: Scope): BodySpec & { named: Scope['names'] } => {
    const scope = { ...around, names: new Map(around.names) };
    for (const [name, tensor] of graph.initializers) scope.names.set(name, constant(name, tensor));
    const inputs = graph.inputs.map(({ name }) => bindTo(scope)(name));
    const operators = convertNodes(graph.nodes, scope);
    const outputs = graph.outputs.map(
      ({ name }) =>
        scope.names.get(name) ?? invalidModel(`the output ${quote(name)} is computed by no operator`),
    );
    return { inputs, operators, outputs, named: scope.names };
  };

  const convertNodes = (nodes: readonly OnnxNode[], scope: Scope): OperatorSpec[] =>
    nodes.flatMap((given) => {
      const node = { ...given, attributes: resolveAttributes(given, scope) };
      if (++count > maxOperators) invalidModel(`its functions expand to more than ${maxOperators} operators`);
      if (!node.outputs.some((name) => name !== ''))
        invalidModel(`${node.op} ${quote(node.name)} has no outputs`);
      const read = node.inputs.map(
        (name) => scope.names.get(name) ?? (name === '' ? '' : throwUnresolved(node, name)),
      );
      const key = getFunctionKey(node.domain, node.op, node.overload);
      const body = model.functions.get(key) ?? expandOperator(node, scope.opset);
      if (body) return expandCall(node, read, body, key, scope);
      if (node.op === 'Constant' && node.domain === '') {
        scope.names.set(node.outputs[0]!, constant(node.outputs[0]!, readConstant(node)));
        return [];
      }
      const operator = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
      const known = operatorNames.has(operator) || (node.domain === '' && listOperators.has(operator));
      if (!known)
        missing.set(operator, [...(missing.get(operator) ?? []), node.name || node.outputs[0] || '']);
      const upgraded = known ? upgradeNode(node, scope.opset) : { attributes: {}, inputs: [] };
      for (const [place, tensor] of upgraded.inputs) {
        while (read.length <= place) read.push('');
        read[place] = constant(`${node.outputs[0]!}.${place}`, tensor);
      }
      const bodies = Object.fromEntries(
        [...node.attributes].flatMap(([name, { graph: inner }]) =>
          inner ? [[name, bodyOnly(convertGraph(inner, scope))]] : [],
        ),
      );
      return [
        {
          operator,
          inputs: read,
          outputs: node.outputs.map(bindTo(scope)),
          ...(Object.keys(upgraded.attributes).length > 0 && { attributes: upgraded.attributes }),
          ...(Object.keys(bodies).length > 0 && { bodies }),
        },
      ];
    });

  /** The operators of a function's body, reading the call's inputs. */
  const expandCall = (
    node: OnnxNode,
    read: readonly string[],
    body: OnnxFunction,
    key: string,
    scope: Scope,
  ): OperatorSpec[] => {
    if (scope.functions.includes(key))
      invalidModel(`the function ${quote(body.name)} calls itself: ${[...scope.functions, key].join(' → ')}`);
    const inner: Scope = {
      names: new Map(body.inputs.map((name, i) => [name, read[i] ?? ''])),
      opset: body.opset,
      attributes: new Map([...body.defaults, ...node.attributes]),
      functions: [...scope.functions, key],
    };
    const operators = convertNodes(body.nodes, inner);
    node.outputs.forEach((name, i) => {
      const value = inner.names.get(body.outputs[i] ?? '');
      // one that the body leaves out may have a name, if nothing reads it
      if (name !== '' && value) scope.names.set(name, value);
    });
    return operators;
  };

  const { opset } = model;
  const whole = convertGraph(model, { names: new Map(), opset, attributes: new Map(), functions: [] });
  if (missing.size > 0) {
    const list = [...missing].map(
      ([op, at]) => `${op} (${at.length === 1 ? '' : `${at.length}×, first `}${quote(at[0])})`,
    );
    invalidModel(`${missing.size} operators are not supported: ${list.slice(0, 20).join(', ')}`);
  }
  return { ...collectLists(whole), named: whole.named, constants };
}

const bodyOnly = ({ inputs, operators, outputs }: BodySpec): BodySpec => ({ inputs, operators, outputs });

/** Attributes with those that name an attribute of the call replaced by it, or left out where the call has none. */
const resolveAttributes = (
  { attributes }: OnnxNode,
  { attributes: call }: Scope,
): ReadonlyMap<string, Attribute> =>
  new Map(
    [...attributes].flatMap(([name, own]): [string, Attribute][] => {
      const value = own.from === undefined ? own : call.get(own.from);
      return value ? [[name, value]] : [];
    }),
  );

function throwUnresolved(node: OnnxNode, name: string): never {
  return invalidModel(
    `${node.op} ${quote(node.name || node.outputs[0])} reads ${quote(name)}, which is not defined before it`,
  );
}

function toOperand({ kind, shape, values, whole }: OnnxTensor): Operand {
  return {
    kind,
    shape,
    values: whole ?? (kind === 'float' ? values : Float64Array.from(values)),
    known: true,
  };
}

function readConstant(node: OnnxNode): OnnxTensor {
  const given = (name: string) => node.attributes.get(name);
  const t = given('value')?.t;
  if (t) return t;
  const whole = given('value_int')?.i ?? given('value_ints')?.ints;
  const float = given('value_float')?.f ?? given('value_floats')?.floats;
  const numbers = whole ?? float;
  if (numbers === undefined) return invalidModel(`the constant ${quote(node.outputs[0])} has no value`);
  const list = [numbers].flat();
  const shape = Array.isArray(numbers) ? [list.length] : [];
  const values = Float32Array.from(list);
  return whole === undefined
    ? { kind: 'float', shape, values }
    : { kind: 'int', shape, values, whole: Float64Array.from(list) };
}
