import type { OnnxFunction, OnnxNode } from '../model.ts';
import type { GraphCase, GraphDraft } from './draw-graph.ts';

// Functions, sums of products, resizing, ids of any type, integers that overflow.

/** A function that calls another one, whose attributes come from calls, defaults or nowhere. */
export function localFunctions(g: GraphDraft): GraphCase {
  const domain = g.one(['local', 'pkg.onnxscript.torch_lib', 'com.example']);
  const names = g.chance() ? ['x', 'v1', 'v0'] : ['a', 'b', 'in0'];
  const [x, h, w] = names as [string, string, string];
  const units = g.whole(1, 6);
  const inner: OnnxFunction = {
    domain,
    name: 'scaled',
    inputs: [x, w],
    outputs: [h],
    attributes: ['factor', 'axis'],
    nodes: [
      {
        operator: 'Constant',
        inputs: [],
        outputs: ['k'],
        attributes: { value_float: { from: 'factor', type: 'float' } },
      },
      { operator: 'Mul', inputs: [x, 'k'], outputs: ['scaled'] },
      {
        operator: 'Softmax',
        inputs: ['scaled'],
        outputs: ['soft'],
        attributes: { axis: { from: 'axis', type: 'int' } },
      },
      { operator: 'Add', inputs: ['soft', w], outputs: [h] },
    ],
  };
  const call = (input: string, output: string, factor: number, axis?: number): OnnxNode => ({
    operator: 'scaled',
    domain,
    inputs: [input, w],
    outputs: [output],
    attributes: { factor: { float: factor }, ...(axis !== undefined && { axis }) },
  });
  const outer: OnnxFunction = {
    domain,
    name: 'stack',
    inputs: [w, x],
    outputs: ['twice', h],
    nodes: [
      call(x, h, 0.5, 0),
      call(h, 'once', 2),
      { operator: 'Tanh', inputs: ['once'], outputs: ['twice'] },
    ],
  };
  g.function(inner);
  g.function(outer);
  const rows = g.floatInput(g.whole(1, 3), units);
  const bias = g.floats(units);
  g.op('stack', [bias, rows], {}, { domain, outputs: 2 });
  const [twice, once] = g.outputs();
  const again = g.op('stack', [bias, once!], {}, { domain, outputs: 2 });
  return g.finish('local functions', { [twice!]: 'float32', [once!]: 'float32', [again]: 'float32' });
}

export function einsum(g: GraphDraft): GraphCase {
  const size: Record<string, number> = Object.fromEntries(
    [...'bijkt'].map((letter) => [letter, g.whole(1, 4)]),
  );
  const equation = g.one([
    ...[
      'bij,bjk->bik',
      'ij,jk->ik',
      'bij,kj->bik',
      'bti,ij->btj',
      'bi,ij,bj->b',
      'ii->i',
      'ii',
      'bij->bji',
      'ij->',
      'i,j->ij',
    ],
    ...[
      '...ij,...jk->...ik',
      'b...i,ij->b...j',
      'bt,bti->bi',
      'bij,bij->b',
      'ji,jk',
      'b i j , b j k -> b k i',
      'i...j->...',
    ],
  ]);
  const hidden = g.one([[2], [2, 3], []]);
  const getShape = (term: string): number[] =>
    [...term.trim().replaceAll(' ', '').replace('...', '.')].flatMap((letter) =>
      letter === '.' ? hidden : [size[letter]!],
    );
  const inputs = equation
    .split('->')[0]!
    .split(',')
    .map((term, i) =>
      i === 0 || g.chance() ? g.floatInput(...getShape(term)) : g.floats(...getShape(term)),
    );
  return g.finish(`Einsum ${equation}`, { [g.op('Einsum', inputs, { equation })]: 'float32' }, 12);
}

export function resize(g: GraphDraft): GraphCase {
  const rank = g.one([3, 4] as const);
  const shape = Array.from({ length: rank }, (_, i) => (i < 2 ? g.whole(1, 2) : g.whole(2, 7)));
  const x = g.floatInput(...shape);
  const opset = g.one([10, 11, 13, 18, 19]);
  const mode = rank === 4 ? g.one(['nearest', 'linear', 'cubic']) : g.one(['nearest', 'nearest', 'linear']);
  const scales = shape.map((_, i) => (i < 2 ? 1 : g.one([0.5, 0.6, 1, 1.5, 2, 3])));
  const scaled = g.constant(Float32Array.from(scales), [rank]);
  if (opset === 10) {
    const own = mode === 'cubic' ? 'linear' : mode;
    const old = rank === 4 || own === 'nearest' ? own : 'nearest';
    const y = g.op('Resize', [x, scaled], { mode: old });
    return g.finish(`Resize of opset 10 ${old}`, { [y]: 'float32' }, opset);
  }
  const transformation = g.one([
    ...['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'],
    ...(opset >= 19 ? ['half_pixel_symmetric'] : []),
  ]);
  const rounding = g.one(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil']);
  const sizes = shape.map((size, i) => (i < 2 ? size : g.whole(1, 9)));
  const roi = opset < 13 ? g.constant(new Float32Array(0), [0]) : '';
  const y = g.op(
    'Resize',
    g.chance()
      ? [x, roi, scaled]
      : [x, roi, opset < 13 ? g.constant(new Float32Array(0), [0]) : '', g.int64(...sizes)],
    {
      mode,
      coordinate_transformation_mode: transformation,
      ...(mode === 'nearest' && { nearest_mode: rounding }),
    },
  );
  return g.finish(
    `Resize ${mode} ${transformation} ${mode === 'nearest' ? rounding : ''}`,
    { [y]: 'float32' },
    opset,
  );
}

/** An embedding of ids of any type, before a recurrent operator. */
export function ids(g: GraphDraft): GraphCase {
  const type = g.one(['float32', 'uint8', 'int8', 'int16', 'uint16', 'int32', 'int64'] as const);
  const [batch, steps, units] = [g.whole(1, 3), g.whole(1, 7), g.whole(1, 6)];
  const read = g.input(type, [batch, steps], () => g.whole(0, 11));
  const index =
    type === 'int32' || (type === 'int64' && g.chance()) ? read : g.op('Cast', [read], { to: g.one([6, 7]) });
  const rows = g.op('Gather', [g.floats(12, 5), index]);
  g.op(
    'GRU',
    [
      g.op('Transpose', [rows], { perm: [1, 0, 2] }),
      g.floats(1, 3 * units, 5),
      g.floats(1, 3 * units, units),
    ],
    { hidden_size: units },
    { outputs: 2 },
  );
  const [y] = g.outputs();
  return g.finish(`ids as ${type}`, { [y!]: 'float32' });
}

/** Integers of a few bits that overflow, between casts. */
export function integers(g: GraphDraft): GraphCase {
  const shape = [g.whole(1, 3), g.whole(1, 9)];
  const [type, code] = g.one([
    ['int32', 6],
    ['int32', 6],
    ['int64', 7],
    ['int8', 3],
    ['uint8', 2],
  ] as const);
  const big = type === 'int32' ? 2 ** 31 - 1 : 2000;
  const x = g.input('int64', shape, () => g.whole(-big, big));
  const y = g.input('int64', shape, () => g.whole(-big, big));
  const [a, b] = [x, y].map((one) => g.op('Cast', [one], { to: code }));
  const operators =
    type === 'int32' || type === 'int64' ? ['Add', 'Sub', 'Mul', 'Max', 'Div'] : ['Max', 'Min'];
  const operator = g.one(operators);
  const divisor = g.op('Max', [b!, g.op('Cast', [g.int64(1)], { to: code })]);
  const result = g.op(operator, [a!, operator === 'Div' ? divisor : b!]);
  const wide = g.op('Cast', [result], { to: 7 });
  return g.finish(`${operator} of ${type}`, { [result]: type, [wide]: 'int64' });
}
