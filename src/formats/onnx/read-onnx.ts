import type { Tensor } from '../../network/weights.ts';
import { createArrayCollector, countElements } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { getExternalBytes, type ExternalData } from './external-data.ts';
import { asBytes, asFloat, asInteger, asText, parseFields, readFloats, readIntegers } from './protobuf.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto): only the fields that a graph needs, by
// their field numbers.

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly domain: string;
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
}
/** A tensor; `whole` has the exact values of integers and booleans. */
export interface OnnxTensor extends Tensor {
  readonly kind: 'float' | 'int' | 'bool';
  readonly whole?: Float64Array;
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
export interface OnnxModel extends OnnxGraph {
  readonly producer: string;
  readonly opset: number;
}

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
  for (const field of parseFields(bytes)) {
    if (field.number === 2) producer = asText(field);
    else if (field.number === 7) graph = asBytes(field);
    else if (field.number === 8) {
      let domain = '';
      let version = 1;
      for (const one of parseFields(asBytes(field))) {
        if (one.number === 1) domain = asText(one);
        else if (one.number === 2) version = asInteger(one);
      }
      if (domain === '' || domain === 'ai.onnx') opset = version;
    }
  }
  if (!graph) return invalidWeights('the ONNX file has no graph');
  return { producer, opset, ...readGraph(graph, { nodes: 0, elements: createArrayCollector(), files }, 0) };
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
    if (field.number === 1) {
      if (++context.nodes > maxNodes) invalidWeights(`a graph of more than ${maxNodes} nodes`);
      nodes.push(readNode(asBytes(field), context, depth));
    } else if (field.number === 5) {
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
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let [op, name, domain] = ['', '', ''];
  for (const field of parseFields(bytes)) {
    if (field.number === 1) inputs.push(asText(field));
    else if (field.number === 2) outputs.push(asText(field));
    else if (field.number === 3) name = asText(field);
    else if (field.number === 4) op = asText(field);
    else if (field.number === 5) {
      const attribute = readAttribute(asBytes(field), context, depth);
      attributes.set(attribute.name, attribute);
    } else if (field.number === 7) domain = asText(field);
  }
  return { op, name, domain, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array, context: ReadContext, depth: number): Attribute & { name: string } {
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  const one: { f?: number; i?: number; s?: string; t?: OnnxTensor; graph?: OnnxGraph } = {};
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
  }
  return { name, ...one, floats, ints, strings };
}

const types: Readonly<Record<number, NumberType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** Parses a TensorProto. @param expect called with the number of elements before they are allocated */
export function parseTensor(
  bytes: Uint8Array,
  files: ExternalData,
  expect: (elements: number) => void,
): { name: string; tensor: OnnxTensor } {
  const shape: number[] = [];
  const numbers: number[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | null = null;
  const entries: Uint8Array[] = [];
  let external = false;
  for (const field of parseFields(bytes)) {
    if (field.number === 1) for (const size of readIntegers(field)) shape.push(size);
    else if (field.number === 2) type = asInteger(field);
    else if (field.number === 4) for (const value of readFloats(field)) numbers.push(value);
    else if (field.number === 5 || field.number === 7 || field.number === 11)
      for (const value of readIntegers(field)) numbers.push(value);
    else if (field.number === 8) name = asText(field);
    else if (field.number === 9) raw = asBytes(field);
    else if (field.number === 10 && typeof field.value !== 'bigint')
      for (const value of numberTypes.float64.read(field.value.subarray(0, field.value.length & ~7)))
        numbers.push(value);
    else if (field.number === 13) entries.push(asBytes(field));
    else if (field.number === 14) external = asInteger(field) === 1;
  }
  const where = `the tensor ${quote(name)}`;
  const stored = types[type];
  if (!stored) return invalidWeights(`${where} has the unsupported data type ${type}`);
  const count = countElements(shape, where);
  expect(count);
  const number = numberTypes[stored];
  const size = number.bytes;
  const kind = stored === 'bool' ? 'bool' : number.exact ? 'int' : 'float';
  if (external) raw = getExternalBytes(entries, files, count * size, where);
  if (raw) {
    if (raw.length !== count * size)
      invalidWeights(`${where}: [${shape.join(', ')}] takes ${count * size} bytes, it has ${raw.length}`);
    const exact = number.exact?.(raw);
    return { name, tensor: { shape, values: number.read(raw), kind, ...(exact && { whole: exact }) } };
  }
  if (numbers.length !== count)
    invalidWeights(`${where}: [${shape.join(', ')}] takes ${count} numbers, it has ${numbers.length}`);
  if (stored === 'float16' || stored === 'bfloat16') {
    const bits = Uint16Array.from(numbers);
    return { name, tensor: { shape, values: number.read(new Uint8Array(bits.buffer)), kind } };
  }
  const exact = kind === 'float' ? {} : { whole: Float64Array.from(numbers) };
  return { name, tensor: { shape, values: Float32Array.from(numbers), kind, ...exact } };
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
