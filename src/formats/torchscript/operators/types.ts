import type { ValueKind } from '../value-kind.ts';
import { invalidModel } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import type { Graph } from '../graph.ts';
import {
  getConstant,
  convert,
  createTensor,
  dataTypes,
  nodeAs,
  getNode,
  countDimensions,
  getShape,
} from '../tensor-values.ts';
import { bool, describe, int, type ElementType, type Scalar, type Tensor, type Value } from '../values.ts';

// Types of elements. A dtype is an int: 6 is float32, 4 int64, 11 bool (c10/core/ScalarType.h). All floats are
// computed as float32, all integers exactly up to 2⁵³.

const kinds: Readonly<Record<number, ValueKind>> = {
  3: 'int',
  4: 'int',
  6: 'float',
  7: 'float',
  11: 'bool',
};
const names =
  'uint8 int8 int16 int32 int64 float16 float32 float64 complex32 complex64 complex128 bool qint8 quint8 qint32 bfloat16'.split(
    ' ',
  );
const codes: Readonly<Record<ValueKind, number>> = { float: 6, int: 4, bool: 11 };

/** The type of elements that a dtype denotes. @throws UnrollError invalid_model for those that would round */
export function getElements(dtype: Scalar): ElementType {
  if (dtype.elements) return dtype.elements;
  const kind = dtype.known === null ? undefined : kinds[dtype.known];
  return kind
    ? { kind }
    : invalidModel(`the type of elements ${names[dtype.known ?? -1] ?? dtype.known} is not supported`);
}

/** The type that a creation is given, else that of another tensor or float32. */
export const givenElements = (call: Call, otherwise: ElementType = { kind: 'float' }): ElementType =>
  call.has('dtype') ? getElements(call.scalar('dtype')) : otherwise;

/** Converts elements. A tensor that has the type already is returned itself. */
export function castTo(graph: Graph, tensor: Tensor, type: ElementType): Tensor {
  if (tensor.type === type || type.kind === null || tensor.packed) return tensor;
  if (tensor.order) return type.kind === 'int' ? tensor : invalidModel('converts what is sorted by length');
  if (tensor.type.kind === type.kind) return tensor;
  if (tensor.type.kind === null) tensor.type.convertedTo ??= type.kind;
  const fill = tensor.fill === null ? null : convert(tensor.fill, type.kind);
  return createTensor(
    graph.add('Cast', [getNode(tensor)], { to: dataTypes[type.kind] }),
    type,
    getShape(tensor),
    {
      fill,
    },
  );
}

/** to(dtype), to(device, dtype), to(other): the dtype is the only int, by its place or its name. */
function to(call: Call): Value {
  const self = call.value('self');
  if (self.kind !== 'tensor') return invalidModel(`converts a ${describe(self)}`);
  for (const name of ['dtype', 'first', 'second'])
    if (call.has(name)) {
      const value = call.value(name);
      if (value.kind === 'tensor') return castTo(call.graph, self, value.type);
      if (value.kind === 'scalar' && value.type === 'int')
        return castTo(call.graph, self, getElements(value));
    }
  return self;
}

const castCall =
  (kind: ValueKind) =>
  (call: Call): Value =>
    castTo(call.graph, call.tensor('self'), { kind });

/** int(x), float(x), bool(x) of a number or a tensor of one element. */
const toNumber =
  (type: ValueKind | null) =>
  ({ graph, ...call }: Call): Value => {
    const self = call.value('self');
    if (self.kind === 'scalar') {
      const wanted = type ?? self.type;
      if (self.known !== null) return { ...self, type: wanted, known: convert(self.known, wanted) };
      return wanted === self.type
        ? self
        : { kind: 'scalar', type: wanted, known: null, node: nodeAs(graph, self, wanted) };
    }
    if (self.kind === 'string' && type === 'float')
      return { kind: 'scalar', type, known: Number(self.value.replace(/inf/, 'Infinity')), node: '' };
    if (self.kind !== 'tensor') return invalidModel(`a number of a ${describe(self)}`);
    const wanted = type ?? self.type.kind ?? 'float';
    const known = getConstant(graph, self);
    if (known?.length === 1)
      return { kind: 'scalar', type: wanted, known: convert(known[0]!, wanted), node: '' };
    const node = nodeAs(graph, self, wanted);
    const scalar = countDimensions(self) === 0 ? node : graph.add('Reshape', [node, graph.ints([])]);
    return { kind: 'scalar', type: wanted, known: null, node: scalar };
  };

/** A number as a tensor of no dimensions stays a number: it is only computed with. */
const sameNumber = (call: Call): Value => call.value('self');

const dtype = (call: Call): Value => {
  const self = call.value('self');
  if (self.kind === 'scalar') return int(codes[self.type]);
  const { type } = call.tensor('self');
  return { ...int(codes[type.kind ?? 'float']), elements: type };
};

const isFloating = (call: Call): Value => {
  const self = call.value('self');
  return bool(
    self.kind === 'scalar' ? self.type === 'float' : (call.tensor('self').type.kind ?? 'float') === 'float',
  );
};

export const typeOperators: OperatorTable = {
  to: ['self first second third copy memory_format dtype layout device pin_memory non_blocking', to],
  type_as: ['self other', (call) => castTo(call.graph, call.tensor('self'), call.tensor('other').type)],
  float: ['self', castCall('float')],
  double: ['self', castCall('float')],
  long: ['self', castCall('int')],
  as_tensor: [
    'data dtype device',
    (call) => {
      const data = call.value('data');
      if (data.kind !== 'tensor') return invalidModel(`a tensor of a ${describe(data)} is not supported`);
      return call.has('dtype') ? castTo(call.graph, data, getElements(call.scalar('dtype'))) : data;
    },
  ],
  item: ['self', toNumber(null)],
  Int: ['self', toNumber('int')],
  Float: ['self', toNumber('float')],
  Bool: ['self', toNumber('bool')],
  IntImplicit: ['self', toNumber('int')],
  FloatImplicit: ['self', toNumber('float')],
  ScalarImplicit: ['self', toNumber(null)],
  NumToTensor: ['self', sameNumber],
  scalar_tensor: ['self dtype layout device pin_memory', sameNumber],
  dtype: ['self', dtype],
  is_floating_point: ['self', isFloating],
  result_type: ['self other', (call) => int(codes[call.tensor('self').type.kind ?? 'float'])],
  one_hot: [
    'self num_classes',
    ({ graph, ...call }) => {
      const self = call.tensor('self');
      self.type.kind ??= 'int';
      const depth = call.int('num_classes', -1);
      if (depth < 1) invalidModel('num_classes must be given');
      const values = graph.ints([0, 1]);
      return createTensor(graph.add('OneHot', [getNode(self), graph.number('int', depth), values]), 'int', [
        ...getShape(self),
        depth,
      ]);
    },
  ],
};
