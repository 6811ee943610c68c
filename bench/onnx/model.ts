import { type Bytes, bytesField, floatField, messageField, stringField, varintField } from './protobuf.ts';

// An ONNX model as plain data, and its bytes. Field numbers are those of onnx.proto (IR version 8).

export interface OnnxNode {
  readonly operator: string;
  /** The default domain where absent. */
  readonly domain?: string;
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * A number is an INT, a Float32Array FLOATS, `{ float }` a FLOAT, `{ from }` the function's attribute of that name.
   */
  readonly attributes?: Readonly<
    Record<
      string,
      | number
      | string
      | readonly number[]
      | readonly string[]
      | Float32Array
      | { readonly float: number }
      | { readonly from: string; readonly type: 'int' | 'float' | 'ints' }
    >
  >;
}

/** A function of the model, called as the operator `name` of `domain`. */
export interface OnnxFunction {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly string[];
  /** By default the model's. */
  readonly opset?: number;
  readonly nodes: readonly OnnxNode[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values:
    | Float32Array
    | Float64Array
    | BigInt64Array
    | Int32Array
    | Int16Array
    | Uint16Array
    | Int8Array
    | Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: keyof typeof elementType;
  /** A string is a dimension known only at run time; null where not even their number is known. */
  readonly shape: readonly (number | string)[] | null;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly functions?: readonly OnnxFunction[];
  /** Versions of the operator sets by domain; by default 17 of ONNX's own and 1 of every other one that nodes name. */
  readonly opsets?: Readonly<Record<string, number>>;
}

const elementType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
} as const;
const attributeType = { float: 1, int: 2, ints: 7 } as const;
const irVersion = 8;
const operatorSet = 17;

export function encodeModel(graph: OnnxGraph): Bytes {
  const { functions = [] } = graph;
  const nodes = [...graph.nodes, ...functions.flatMap((one) => one.nodes)];
  const domains = Object.fromEntries(nodes.map(({ domain = '' }) => [domain, 1]));
  const opsets = { ...domains, '': operatorSet, ...graph.opsets };
  const encodeOpsets = (field: number, versions: Readonly<Record<string, number>>): Bytes[] =>
    Object.entries(versions).map(([domain, version]) =>
      messageField(field, [stringField(1, domain), varintField(2, version)]),
    );
  return Buffer.concat([
    varintField(1, irVersion),
    stringField(2, 'unroll-bench'),
    messageField(7, [
      ...graph.nodes.map((node) => messageField(1, encodeNode(node))),
      stringField(2, graph.name),
      ...graph.initializers.map((tensor) => messageField(5, encodeTensor(tensor))),
      ...graph.inputs.map((value) => messageField(11, encodeValue(value))),
      ...graph.outputs.map((value) => messageField(12, encodeValue(value))),
    ]),
    ...encodeOpsets(8, opsets),
    ...functions.map((one) =>
      messageField(25, [
        stringField(1, one.name),
        ...one.inputs.map((name) => stringField(4, name)),
        ...one.outputs.map((name) => stringField(5, name)),
        ...(one.attributes ?? []).map((name) => stringField(6, name)),
        ...one.nodes.map((node) => messageField(7, encodeNode(node))),
        ...encodeOpsets(9, { ...opsets, ...(one.opset && { '': one.opset }) }),
        stringField(10, one.domain),
      ]),
    ),
  ]);
}

/** The value and its type: INT, STRING, FLOAT, FLOATS, INTS, STRINGS. */
function encodeAttribute(value: NonNullable<OnnxNode['attributes']>[string]): Bytes[] {
  if (typeof value === 'number') return [varintField(3, value), varintField(20, attributeType.int)];
  if (typeof value === 'string') return [stringField(4, value), varintField(20, 3)];
  if (value instanceof Float32Array)
    return [...[...value].map((one) => floatField(7, one)), varintField(20, 6)];
  if ('float' in value) return [floatField(2, value.float), varintField(20, 1)];
  if ('from' in value) return [stringField(21, value.from), varintField(20, attributeType[value.type])];
  return value.every((one) => typeof one === 'number')
    ? [...value.map((one) => varintField(8, one)), varintField(20, 7)]
    : [...value.map((one) => stringField(9, String(one))), varintField(20, 8)];
}

function encodeNode(node: OnnxNode): Bytes[] {
  return [
    ...node.inputs.map((name) => stringField(1, name)),
    ...node.outputs.map((name) => stringField(2, name)),
    stringField(4, node.operator),
    stringField(7, node.domain ?? ''),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) =>
      messageField(5, [stringField(1, name), ...encodeAttribute(value)]),
    ),
  ];
}

function encodeTensor({ name, shape, values }: OnnxTensor): Bytes[] {
  return [
    ...shape.map((size) => varintField(1, size)),
    varintField(2, elementType[elementTypeName(values)]),
    stringField(8, name),
    bytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ];
}

function elementTypeName(values: OnnxTensor['values']): keyof typeof elementType {
  if (values instanceof Float32Array) return 'float32';
  if (values instanceof Float64Array) return 'float64';
  if (values instanceof BigInt64Array) return 'int64';
  if (values instanceof Int32Array) return 'int32';
  if (values instanceof Int16Array) return 'int16';
  if (values instanceof Uint16Array) return 'uint16';
  return values instanceof Int8Array ? 'int8' : 'uint8';
}

function encodeValue({ name, type, shape }: OnnxValue): Bytes[] {
  const dimensions = shape?.map((size) =>
    messageField(1, [typeof size === 'number' ? varintField(1, size) : stringField(2, size)]),
  );
  const tensorType = [
    varintField(1, elementType[type]),
    ...(dimensions ? [messageField(2, dimensions)] : []),
  ];
  return [stringField(1, name), messageField(2, [messageField(1, tensorType)])];
}
