import { createArrayCollector } from '../arrays.ts';
import type { ExternalData } from './external-data.ts';
import { asBytes, asFloat, asInteger, asText, parseFields, readFloats, readIntegers } from './protobuf.ts';
import { parseTensor, type OnnxTensor } from './read-tensor.ts';
import { invalidModel, invalidWeights } from '../format-errors.ts';

// onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): only the fields that a graph needs, by
// their field numbers.

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly domain: string;
  /** Distinguishes functions of one name. */
  readonly overload: string;
  /** '' for an omitted one. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}
export interface Attribute {
  readonly f?: number;
  readonly i?: number;
  readonly s?: string;
  readonly t?: OnnxTensor;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly string[];
  /** The body of If, Loop and Scan. */
  readonly graph?: OnnxGraph;
  /** In a function's body: the name of the call's attribute that this one is. */
  readonly from?: string;
}
export interface OnnxValue {
  readonly name: string;
  /** null for sizes that are not fixed. */
  readonly shape: readonly (number | null)[];
  /** Names of the sizes that are not fixed; '' for those that are fixed or have no name. */
  readonly sizes: readonly string[];
  /** TensorProto.DataType; 0 when it is missing. */
  readonly type: number;
  /** Whether the file gives a shape at all: that of a scalar has no sizes. */
  readonly ranked: boolean;
}
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}
/** A function of the model: a node that names it stands for its body. */
export interface OnnxFunction {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly OnnxNode[];
  readonly opset: number;
  /** Attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
}
export interface OnnxModel extends OnnxGraph {
  readonly producer: string;
  readonly opset: number;
  /** By getFunctionKey of the nodes that call them. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
}
export const getFunctionKey = (domain: string, name: string, overload: string): string =>
  [domain, name, overload].join(':');

/**
 * Versions of ONNX's operators that are read. Before 7 arithmetic broadcast by other rules, and recurrent
 * operators had other attributes; later versions are unknown.
 */
const opsets = { first: 7, last: 26 } as const;

/** Limit on the nodes of a graph, including nested graphs. */
const maxNodes = 20_000;
const maxGraphDepth = 32;

/**
 * Reads an ONNX file.
 * @param files external files by location (external-data.ts)
 * @throws UnrollError invalid_weights
 */
export function readOnnx(bytes: Uint8Array, files: ExternalData = new Map()): OnnxModel {
  let producer = '';
  let opset = 1;
  let graph: Uint8Array | null = null;
  const functions: Uint8Array[] = [];
  for (const field of parseFields(bytes)) {
    if (field.number === 2) producer = asText(field);
    else if (field.number === 7) graph = asBytes(field);
    else if (field.number === 8) opset = readOpset(asBytes(field)) ?? opset;
    else if (field.number === 25) functions.push(asBytes(field));
  }
  if (!graph) return invalidWeights('the ONNX file has no graph');
  checkOpset(opset);
  const context = { nodes: 0, elements: createArrayCollector(), files };
  return {
    producer,
    opset,
    functions: new Map(functions.map((one) => readFunction(one, opset, context))),
    ...readGraph(graph, context, 0),
  };
}

/** The version of ONNX's own operators; undefined where the entry is of others. */
function readOpset(bytes: Uint8Array): number | undefined {
  let domain = '';
  let version = 1;
  for (const field of parseFields(bytes)) {
    if (field.number === 1) domain = asText(field);
    else if (field.number === 2) version = asInteger(field);
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function checkOpset(opset: number): void {
  if (opset < opsets.first || opset > opsets.last)
    invalidModel(
      `opset ${opset}, must be ${opsets.first} to ${opsets.last}: convert the model to another opset`,
    );
}

function readFunction(bytes: Uint8Array, opset: number, context: ReadContext): [string, OnnxFunction] {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const nodes: OnnxNode[] = [];
  const defaults = new Map<string, Attribute>();
  let [name, domain, overload, ownOpset] = ['', '', '', opset];
  for (const field of parseFields(bytes)) {
    if (field.number === 1) name = asText(field);
    else if (field.number === 4) inputs.push(asText(field));
    else if (field.number === 5) outputs.push(asText(field));
    else if (field.number === 7) nodes.push(readNode(asBytes(field), context, 0));
    else if (field.number === 9) ownOpset = readOpset(asBytes(field)) ?? ownOpset;
    else if (field.number === 10) domain = asText(field);
    else if (field.number === 11) {
      const attribute = readAttribute(asBytes(field), context, 0);
      defaults.set(attribute.name, attribute);
    } else if (field.number === 13) overload = asText(field);
  }
  checkOpset(ownOpset);
  return [
    getFunctionKey(domain, name, overload),
    { name, inputs, outputs, nodes, opset: ownOpset, defaults },
  ];
}

/** Counters and external files shared by all graphs of a file. */
interface ReadContext {
  nodes: number;
  readonly elements: Pick<ReturnType<typeof createArrayCollector>, 'reserve'>;
  readonly files: ExternalData;
}

function readGraph(bytes: Uint8Array, context: ReadContext, depth: number): OnnxGraph {
  if (depth > maxGraphDepth) invalidWeights(`graphs are nested more than ${maxGraphDepth} deep`);
  const found = createArrayCollector<OnnxTensor>();
  const nodes: OnnxNode[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const field of parseFields(bytes)) {
    if (field.number === 1) nodes.push(readNode(asBytes(field), context, depth));
    else if (field.number === 5) {
      const { name, tensor } = parseTensor(asBytes(field), context.files, (elements) =>
        context.elements.reserve(elements),
      );
      found.add(name, tensor);
    } else if (field.number === 11) inputs.push(readValue(asBytes(field)));
    else if (field.number === 12) outputs.push(readValue(asBytes(field)));
  }
  // before opset 9 initializers are listed among the inputs
  return {
    nodes,
    initializers: found.arrays,
    inputs: inputs.filter(({ name }) => !found.arrays.has(name)),
    outputs,
  };
}

function readNode(bytes: Uint8Array, context: ReadContext, depth: number): OnnxNode {
  if (++context.nodes > maxNodes) invalidWeights(`a graph of more than ${maxNodes} nodes`);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let [op, name, domain, overload] = ['', '', '', ''];
  for (const field of parseFields(bytes)) {
    if (field.number === 1) inputs.push(asText(field));
    else if (field.number === 2) outputs.push(asText(field));
    else if (field.number === 3) name = asText(field);
    else if (field.number === 4) op = asText(field);
    else if (field.number === 5) {
      const attribute = readAttribute(asBytes(field), context, depth);
      attributes.set(attribute.name, attribute);
    } else if (field.number === 7) domain = asText(field);
    else if (field.number === 8) overload = asText(field);
  }
  if (domain === 'ai.onnx') domain = '';
  return { op, name, domain, overload, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array, context: ReadContext, depth: number): Attribute & { name: string } {
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  const one: { f?: number; i?: number; s?: string; t?: OnnxTensor; graph?: OnnxGraph; from?: string } = {};
  let name = '';
  for (const field of parseFields(bytes)) {
    if (field.number === 1) name = asText(field);
    else if (field.number === 2) one.f = asFloat(field);
    else if (field.number === 3) one.i = asInteger(field);
    else if (field.number === 4) one.s = asText(field);
    else if (field.number === 5)
      one.t = parseTensor(asBytes(field), context.files, (elements) =>
        context.elements.reserve(elements),
      ).tensor;
    else if (field.number === 6) one.graph = readGraph(asBytes(field), context, depth + 1);
    else if (field.number === 7) for (const value of readFloats(field)) floats.push(value);
    else if (field.number === 8) for (const value of readIntegers(field)) ints.push(value);
    else if (field.number === 9) strings.push(asText(field));
    else if (field.number === 21) one.from = asText(field);
  }
  return { name, ...one, floats, ints, strings };
}

function readValue(bytes: Uint8Array): OnnxValue {
  let name = '';
  let elements = 0;
  let ranked = false;
  const shape: (number | null)[] = [];
  const sizes: string[] = [];
  for (const field of parseFields(bytes)) {
    if (field.number === 1) name = asText(field);
    else if (field.number === 2)
      for (const type of parseFields(asBytes(field)))
        if (type.number === 1)
          for (const part of parseFields(asBytes(type)))
            if (part.number === 1) elements = asInteger(part);
            else if (part.number === 2) {
              ranked = true;
              for (const dimension of parseFields(asBytes(part)))
                if (dimension.number === 1) {
                  let size: number | null = null;
                  let sizeName = '';
                  for (const one of parseFields(asBytes(dimension)))
                    if (one.number === 1) size = asInteger(one);
                    else if (one.number === 2) sizeName = asText(one);
                  shape.push(size);
                  sizes.push(sizeName);
                }
            }
  }
  return { name, shape, sizes, type: elements, ranked };
}
