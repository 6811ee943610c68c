import type { GraphCase, GraphDraft } from './draw-graph.ts';

// Quantised products, convolutions and recurrences in random contexts.

const microsoft = { domain: 'com.microsoft' };
type Quantised = 'int8' | 'uint8';
type Range = readonly [low: number, high: number];
const range: Readonly<Record<Quantised, Range>> = { int8: [-128, 127], uint8: [0, 255] };
/** Onnxruntime's products of int8 by uint8 are exact where weights have 7 bits, on every processor. */
const weights: Readonly<Record<Quantised, Range>> = { int8: [-64, 63], uint8: [0, 127] };

const createZero = (g: GraphDraft, type: Quantised, shape: number[] = []): string =>
  g.wholes(type, shape, type === 'int8' ? -9 : 100, type === 'int8' ? 9 : 140);

/** A tensor of integers with its scale and zero: of an input that is quantised, or as an input. */
function quantisedInput(
  g: GraphDraft,
  type: Quantised,
  shape: number[],
): [q: string, scale: string, zero: string] {
  const [scale, zero] = [g.scale(), createZero(g, type)];
  const q = g.chance()
    ? g.op('QuantizeLinear', [g.floatInput(...shape), scale, zero])
    : g.input(type, shape, () => g.whole(...range[type]));
  return [q, scale, zero];
}

const turned = (g: GraphDraft, x: string, perm: number[]): string => g.op('Transpose', [x], { perm });

export function dynamicQuantizeLstm(g: GraphDraft): GraphCase {
  const [steps, batch, width, units] = [g.whole(1, 9), g.whole(1, 3), g.whole(1, 12), g.whole(1, 17)];
  const direction = g.one(['forward', 'reverse', 'bidirectional']);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const type = g.one(['int8', 'uint8'] as const);
  const perColumn = g.chance();
  const quantity = perColumn ? [directions, 4 * units] : [directions];
  const zero = type === 'int8' ? 0 : g.whole(50, 70);
  const zeros = (): string =>
    g.wholes(type, quantity, perColumn ? zero : 0, perColumn ? zero : type === 'int8' ? 0 : 70);
  const batchFirst = g.chance();
  const x = g.floatInput(...(batchFirst ? [batch, steps, width] : [steps, batch, width]));
  const w = g.wholes(type, [directions, width, 4 * units], ...weights[type]);
  const r = g.wholes(type, [directions, units, 4 * units], ...weights[type]);
  const optional = (name: () => string): string => (g.chance() ? name() : '');
  const inputs = [
    batchFirst ? turned(g, x, [1, 0, 2]) : x,
    w,
    r,
    optional(() => g.floats(directions, 8 * units)),
    optional(() =>
      g.constant(
        Int32Array.from({ length: batch }, () => g.whole(1, steps)),
        [batch],
      ),
    ),
    optional(() => g.floats(directions, batch, units)),
    optional(() => g.floatInput(directions, batch, units)),
    optional(() => g.floats(directions, 3 * units)),
    g.scale(...quantity),
    zeros(),
    g.scale(...quantity),
    zeros(),
  ];
  const activations = g.chance(0.3)
    ? Array.from({ length: directions }, () => ['HardSigmoid', 'Softsign', 'Tanh']).flat()
    : [];
  g.op(
    'DynamicQuantizeLSTM',
    inputs,
    {
      hidden_size: units,
      direction,
      ...(activations.length > 0 && { activations }),
      ...(g.chance(0.3) && { clip: { float: 0.7 } }),
      ...(g.chance(0.3) && { input_forget: 1 }),
    },
    { ...microsoft, outputs: 3 },
  );
  const [y, yh, yc] = g.outputs();
  const rows = g.op('Reshape', [turned(g, y!, [2, 0, 1, 3]), g.int64(0, 0, -1)]);
  return g.finish(`DynamicQuantizeLSTM ${direction} ${type}`, {
    [rows]: 'float32',
    [yh!]: 'float32',
    [yc!]: 'float32',
  });
}

/** An LSTM, GRU or RNN whose weights are dequantised, between quantised rows. */
export function dequantisedRecurrence(g: GraphDraft): GraphCase {
  const [steps, batch, width, units] = [g.whole(1, 9), g.whole(1, 3), g.whole(1, 9), g.whole(1, 9)];
  const [operator, gates] = g.one([
    ['LSTM', 4],
    ['GRU', 3],
    ['RNN', 1],
  ] as const);
  const type = g.one(['int8', 'uint8', 'int16'] as const);
  const dequantised = (...shape: [number, number, number]): string => {
    const q = g.wholes(type, shape, type === 'uint8' ? 0 : -90, type === 'uint8' ? 200 : 90);
    const perRow = g.chance();
    const own = perRow ? [shape[1]] : [];
    const zero = g.chance() ? g.wholes(type, own, 0, type === 'uint8' ? 120 : 3) : '';
    return g.op('DequantizeLinear', [q, g.scale(...own), zero], perRow ? { axis: g.one([1, -2]) } : {});
  };
  const [q, scale, zero] = quantisedInput(g, g.one(['int8', 'uint8'] as const), [steps, batch, width]);
  const x = g.op('DequantizeLinear', [q, scale, zero]);
  g.op(
    operator,
    [x, dequantised(1, gates * units, width), dequantised(1, gates * units, units)],
    { hidden_size: units },
    { outputs: 2 },
  );
  const [y, end] = g.outputs();
  const answer = g.op('QuantizeLinear', [y!, g.scale(), createZero(g, 'int8')]);
  return g.finish(`${operator} of ${type} weights`, { [y!]: 'float32', [end!]: 'float32', [answer]: 'int8' });
}

export function integerProduct(g: GraphDraft): GraphCase {
  const [rows, inner, columns] = [g.whole(1, 5), g.whole(1, 70), g.whole(1, 9)];
  const type = g.one(['int8', 'uint8'] as const);
  const shape = g.one([
    [rows, inner],
    [2, rows, inner],
    [2, 1, rows, inner],
  ]);
  const b = g.wholes(type, [inner, columns], ...weights[type]);
  const bZero = g.chance() ? createZero(g, type, g.chance() ? [columns] : []) : '';
  const bScale = g.scale(...(g.chance() ? [columns] : []));
  const kind = g.one([
    'dynamic',
    'MatMulInteger',
    'DynamicQuantizeMatMul',
    'MatMulIntegerToFloat',
    'QLinearMatMul',
    'QGemm',
  ] as const);
  if (kind === 'DynamicQuantizeMatMul') {
    const bias = g.chance() ? g.floats(columns) : '';
    const y = g.op(kind, [g.floatInput(...shape), b, bScale, bZero, bias], {}, microsoft);
    return g.finish(kind, { [y]: 'float32' });
  }
  if (kind === 'dynamic' || kind === 'MatMulInteger') {
    g.op('DynamicQuantizeLinear', [g.floatInput(...shape)], {}, { outputs: 3 });
    const [a, aScale, aZero] = g.outputs();
    const sums = g.op('MatMulInteger', [a!, b, g.chance(0.8) ? aZero! : '', bZero]);
    const floats = g.op('Cast', [sums], { to: 1 });
    const y = g.op('Mul', [floats, g.op('Mul', [aScale!, bScale])]);
    return g.finish(kind, { [sums]: 'int32', [y]: 'float32', [a!]: 'uint8' });
  }
  // onnxruntime has no product of int8 by uint8
  const own = type === 'int8' && g.chance() ? 'int8' : 'uint8';
  const [a, aScale, aZero] = quantisedInput(
    g,
    kind === 'QLinearMatMul' ? own : 'uint8',
    kind === 'QGemm' ? [rows, inner] : shape,
  );
  if (kind === 'MatMulIntegerToFloat') {
    const y = g.op(
      kind,
      [a, b, aScale, bScale, aZero, bZero, g.chance() ? g.floats(columns) : ''],
      {},
      microsoft,
    );
    return g.finish(kind, { [y]: 'float32' });
  }
  const oneZero = createZero(g, type);
  const [yScale, yZero] = [
    g.constant(Float32Array.of(0.05 + g.whole(0, 9) / 50), []),
    createZero(g, kind === 'QGemm' ? 'uint8' : own),
  ];
  if (kind === 'QLinearMatMul') {
    const several = g.chance();
    const y = g.op(kind, [
      a,
      aScale,
      aZero,
      b,
      several ? g.scale(columns) : g.scale(),
      several ? g.wholes(type, [columns], 0, 0) : oneZero,
      yScale,
      yZero,
    ]);
    return g.finish(kind, { [y]: own });
  }
  const c = g.chance() ? g.wholes('int32', [columns], -900, 900) : '';
  const quantises = g.chance();
  const y = g.op(
    kind,
    [a, aScale, aZero, b, g.scale(), oneZero, c, ...(quantises ? [yScale, yZero] : [])],
    {},
    microsoft,
  );
  return g.finish(kind, { [y]: quantises ? 'uint8' : 'float32' });
}

export function integerConvolution(g: GraphDraft): GraphCase {
  const groups = g.one([1, 1, 2]);
  const [channels, out, size] = [groups * g.whole(1, 3), groups * g.whole(1, 3), g.whole(1, 4)];
  const type = g.one(['int8', 'uint8'] as const);
  const x = g.input('uint8', [g.whole(1, 2), channels, g.whole(4, 11)], () => g.whole(0, 255));
  const w = g.wholes(type, [out, channels / groups, size], ...weights[type]);
  const attributes = {
    group: groups,
    strides: [g.whole(1, 2)],
    pads: [g.whole(0, 2), g.whole(0, 2)],
    dilations: [size > 1 && size < 4 ? g.whole(1, 1) : 1],
  };
  if (g.chance(0.4)) {
    const y = g.op(
      'ConvInteger',
      [x, w, createZero(g, 'uint8'), g.chance() ? createZero(g, type) : ''],
      attributes,
    );
    return g.finish('ConvInteger', { [y]: 'int32' });
  }
  const several = g.chance();
  const bias = g.chance() ? g.wholes('int32', [out], -900, 900) : '';
  const y = g.op(
    'QLinearConv',
    [
      ...[
        x,
        g.scale(),
        createZero(g, 'uint8'),
        w,
        several ? g.scale(out) : g.scale(),
        several ? g.wholes(type, [out], 0, 0) : createZero(g, type),
      ],
      ...[g.constant(Float32Array.of(0.1), []), createZero(g, 'uint8'), bias],
    ],
    attributes,
  );
  return g.finish('QLinearConv', { [y]: 'uint8' });
}

/** Element-wise operators and pools of quantised numbers. */
export function quantisedElements(g: GraphDraft): GraphCase {
  const type = g.one(['int8', 'uint8'] as const);
  const shape = [g.whole(1, 3), g.whole(1, 4), g.whole(4, 9)];
  const a = quantisedInput(g, type, shape);
  const same = (): string[] => quantisedInput(g, type, shape);
  const second = (): string[] => quantisedInput(g, type, g.chance() ? shape : shape.slice(-1));
  const scale = g.constant(Float32Array.of(g.one([0.03, 1 / 255])), []);
  const y = [scale, createZero(g, type)];
  const [operator, inputs, attributes] = g.one([
    ['QLinearAdd', () => [...a, ...second(), ...y], {}],
    ['QLinearMul', () => [...a, ...second(), ...y], {}],
    ['QLinearSigmoid', () => [...a, ...y], {}],
    ['QLinearLeakyRelu', () => [...a, ...y], { alpha: { float: 0.1 } }],
    ['QLinearConcat', () => [...y, ...a, ...same()], { axis: g.whole(0, 2) }],
    ['QLinearAveragePool', () => [...a, ...y], { kernel_shape: [g.whole(1, 3)], strides: [g.whole(1, 2)] }],
    ['QLinearGlobalAveragePool', () => [...a, ...y], {}],
    ['QLinearWhere', () => [g.input('bool', shape, () => g.whole(0, 1)), ...a, ...second(), ...y], {}],
  ] as const);
  return g.finish(operator, { [g.op(operator, inputs(), attributes, microsoft)]: type });
}

/** QuantizeLinear and DequantizeLinear by tensor, axis and block. */
export function quantisation(g: GraphDraft): GraphCase {
  const shape = [g.whole(1, 4), g.whole(1, 5), g.whole(2, 9)];
  const type = g.one(['int8', 'uint8', 'int16', 'uint16'] as const);
  const x = g.input('float32', shape, () => Math.fround(g.whole(-300, 300) / g.one([7, 16, 100, 3])));
  const axis = g.whole(0, 2);
  const block = g.whole(1, 4);
  const form = g.one(['tensor', 'axis', 'block'] as const);
  const own =
    form === 'tensor'
      ? []
      : form === 'axis'
        ? [shape[axis]!]
        : shape.with(axis, Math.ceil(shape[axis]! / block));
  // halves meet on some of these
  const size = own.reduce((a, b) => a * b, 1);
  const scale = g.constant(
    Float32Array.from({ length: size }, () => g.one([0.5, 0.125, 0.01, 1.7])),
    own,
  );
  const zero = g.chance() || type !== 'uint8' ? g.wholes(type, own, type.startsWith('u') ? 0 : -20, 20) : '';
  const attributes =
    form === 'tensor'
      ? {}
      : { axis: g.chance() ? axis : axis - 3, ...(form === 'block' && { block_size: block }) };
  const q = g.op('QuantizeLinear', [x, scale, zero], attributes);
  const back = g.op('DequantizeLinear', [q, scale, zero], attributes);
  return g.finish(`QuantizeLinear ${form} ${type}`, { [q]: type, [back]: 'float32' });
}
