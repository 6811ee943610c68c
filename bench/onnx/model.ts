import { type Bytes, bytesField, floatField, messageField, stringField, varintField } from './protobuf.ts';

// An ONNX model as plain data, and its bytes. Field numbers are those of onnx.proto (IR version 8).

export interface OnnxNode {
  readonly operator: string;
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** A number is an INT, a Float32Array FLOATS, `{ float }` a FLOAT. */
  readonly attributes?: Readonly<
    Record<
      string,
      number | string | readonly number[] | readonly string[] | Float32Array | { readonly float: number }
    >
  >;
}

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | BigInt64Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  /** A string is a dimension known only at run time. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const elementType = { float32: 1, int32: 6, int64: 7 } as const;
const intAttribute = 2;
const irVersion = 8;
const operatorSet = 17;

export function encodeModel(graph: OnnxGraph): Bytes {
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
    messageField(8, [stringField(1, ''), varintField(2, operatorSet)]),
  ]);
}

/** The value and its type: INT, STRING, FLOAT, FLOATS, INTS, STRINGS. */
function encodeAttribute(value: NonNullable<OnnxNode['attributes']>[string]): Bytes[] {
  if (typeof value === 'number') return [varintField(3, value), varintField(20, intAttribute)];
  if (typeof value === 'string') return [stringField(4, value), varintField(20, 3)];
  if (value instanceof Float32Array)
    return [...[...value].map((one) => floatField(7, one)), varintField(20, 6)];
  if ('float' in value) return [floatField(2, value.float), varintField(20, 1)];
  return value.every((one) => typeof one === 'number')
    ? [...value.map((one) => varintField(8, one)), varintField(20, 7)]
    : [...value.map((one) => stringField(9, String(one))), varintField(20, 8)];
}

function encodeNode(node: OnnxNode): Bytes[] {
  return [
    ...node.inputs.map((name) => stringField(1, name)),
    ...node.outputs.map((name) => stringField(2, name)),
    stringField(4, node.operator),
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

const elementTypeName = (values: OnnxTensor['values']): keyof typeof elementType =>
  values instanceof Float32Array ? 'float32' : values instanceof Int32Array ? 'int32' : 'int64';

function encodeValue({ name, type, shape }: OnnxValue): Bytes[] {
  const dimensions = shape.map((size) =>
    messageField(1, [typeof size === 'number' ? varintField(1, size) : stringField(2, size)]),
  );
  const tensorType = [varintField(1, elementType[type]), messageField(2, dimensions)];
  return [stringField(1, name), messageField(2, [messageField(1, tensorType)])];
}
