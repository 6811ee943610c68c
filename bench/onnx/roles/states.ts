import {
  anyLength,
  below,
  draft,
  lstmStep,
  state,
  stepView,
  uniform,
  wholeLength,
  zeros,
  type RoleCase,
} from './draft.ts';

// States in every arrangement, and sequences in every layout.

/** States whose outputs come in the other order, with names that say the opposite. */
function statesInOtherOrder(): RoleCase {
  const g = draft(31);
  const [c, x, h] = [
    g.input('h', [1, 'B', 4], uniform, state),
    g.input('x', ['B', 5]),
    g.input('c', [1, 'B', 4], uniform, state),
  ];
  const [y, hn, cn] = lstmStep(g, x, h, c);
  return g.finish(
    'states named the other way round',
    { hn: [cn, [1, 'B', 4]], cn: [hn, [1, 'B', 4]], y: [g.dense(y, 4, 2), ['B', 2]] },
    { input: 'x', output: 'y', ...stepView, carry: { c: 'cn', h: 'hn' } },
  );
}

/** h and c of a layer beside each other in one tensor. */
function oneTensor(name: string, layout: 'side by side' | 'stacked' | 'layer last'): RoleCase {
  const g = draft(32);
  const shape = layout === 'side by side' ? ['B', 8] : layout === 'stacked' ? [2, 'B', 4] : ['B', 4, 2];
  const x = g.input('x', ['B', 5]);
  const s = g.input('state', shape, uniform, state);
  const part = (i: number): string =>
    layout === 'side by side'
      ? g.unsqueeze(g.slice(s, 1, 4 * i, 4 * i + 4), 0)
      : layout === 'stacked'
        ? g.slice(s, 0, i, i + 1)
        : g.turn(g.slice(s, 2, i, i + 1), 2, 0, 1);
  const [y, h, c] = lstmStep(g, x, part(1), part(0));
  const next =
    layout === 'side by side'
      ? g.squeeze(g.op('Concat', [c, h], { axis: 2 }), 0)
      : layout === 'stacked'
        ? g.op('Concat', [c, h], { axis: 0 })
        : g.turn(g.op('Concat', [c, h], { axis: 0 }), 1, 2, 0);
  return g.finish(
    `states in one tensor, ${name}`,
    { y: [g.dense(y, 4, 2), ['B', 2]], state_out: [next, shape] },
    { input: 'x', output: 'y', ...stepView, carry: { state: 'state_out' } },
  );
}

/** Two layers' states with the layer axis first or last, whole sequences in. */
function layersOfStates(last: boolean): RoleCase {
  const g = draft(33);
  const x = g.input('x', ['B', 'T', 3]);
  const shape = last ? ['B', 4, 2] : [2, 'B', 4];
  const s = g.input('h0', shape, uniform, state);
  let steps = g.turn(x, 1, 0, 2);
  const ends: string[] = [];
  for (const layer of [0, 1]) {
    const h = last ? g.turn(g.slice(s, 2, layer, layer + 1), 2, 0, 1) : g.slice(s, 0, layer, layer + 1);
    const [y, end] = g.recur('GRU', steps, layer === 0 ? 3 : 4, 4, { h });
    steps = g.squeeze(y!, 1);
    ends.push(end!);
  }
  const joined = g.op('Concat', ends, { axis: 0 });
  return g.finish(
    `states of two layers, the layer axis ${last ? 'last' : 'first'}`,
    {
      hn: [last ? g.turn(joined, 1, 2, 0) : joined, shape],
      y: [g.dense(g.turn(steps, 1, 0, 2), 4, 2), ['B', 'T', 2]],
    },
    { input: 'x', steps: 1, output: 'y', rows: 1, carry: { h0: 'hn' } },
  );
}

/** What an encoder gave starts the decoder, as features of an image do. */
function encoderStart(through: boolean): RoleCase {
  const g = draft(43);
  const caption = g.input('caption', ['B', 'T'], below(9), { type: 'int64' });
  const features = g.input('features', through ? ['B', 6] : [1, 'B', 4], uniform, { sequence: zeros });
  const h = through ? g.unsqueeze(g.op('Tanh', [g.dense(features, 6, 4)]), 0) : features;
  const y = g.recurBatchFirst('GRU', g.op('Gather', [g.floats(9, 5), caption]), 5, 4, { h });
  return g.finish(
    `an encoder's output that starts the recurrence${through ? ', through a dense layer' : ''}`,
    { logits: [g.dense(y, 4, 9), ['B', 'T', 9]] },
    { input: 'caption', steps: 1, output: 'logits', rows: 1, ...(through && { refused: '"features"' }) },
  );
}

/** Cells that are written out in products and sums. */
function writtenOut(cell: 'LSTM' | 'GRU' | 'RNN', layers = 1): RoleCase {
  const g = draft(44);
  const x = g.input('x', ['B', 3]);
  const outputs: Record<string, readonly [string, readonly (number | string)[]]> = {};
  const carry: Record<string, string> = {};
  let [row, width] = [x, 3];
  for (let layer = 0; layer < layers; layer++) {
    const h = g.input(`h${layer}`, ['B', 4], uniform, state);
    const c = cell === 'LSTM' ? g.input(`c${layer}`, ['B', 4], uniform, state) : '';
    const from = row;
    const gate = (activation: string, memory: string): string =>
      g.op(activation, [g.op('Add', [g.dense(from, width, 4), g.op('MatMul', [memory, g.floats(4, 4)])])]);
    if (cell === 'RNN') row = gate('Tanh', h);
    else if (cell === 'GRU') {
      const z = gate('Sigmoid', h);
      const n = gate('Tanh', g.op('Mul', [gate('Sigmoid', h), h]));
      row = g.op('Add', [n, g.op('Mul', [z, g.op('Sub', [h, n])])]);
    } else {
      const kept = g.op('Add', [
        g.op('Mul', [gate('Sigmoid', h), c]),
        g.op('Mul', [gate('Sigmoid', h), gate('Tanh', h)]),
      ]);
      row = g.op('Mul', [gate('Sigmoid', h), g.op('Tanh', [kept])]);
      outputs[`a${layer}`] = [kept, ['B', 4]];
      carry[`c${layer}`] = `a${layer}`;
    }
    outputs[`b${layer}`] = [row, ['B', 4]];
    carry[`h${layer}`] = `b${layer}`;
    width = 4;
  }
  return g.finish(
    `${cell} written out, ${layers} layer${layers > 1 ? 's' : ''}`,
    { y: [g.dense(row, 4, 2), ['B', 2]], ...outputs },
    { input: 'x', output: 'y', ...stepView, carry, ...(cell === 'RNN' && { refused: 'h0' }) },
  );
}

type Axis = 'B' | 'T' | 'F' | number;
/** A sequence in a layout. */
function layout(name: string, given: readonly Axis[], out: readonly Axis[]): RoleCase {
  const g = draft(46);
  const isBatch = (axis: Axis): boolean => axis === 'B' || axis === 1;
  const isTime = (axis: Axis): boolean => axis === 'T' || (typeof axis === 'number' && axis > 1);
  const feature = (axis: Axis): number | string => (axis === 'F' ? 3 : axis);
  const x = g.input('x', given.map(feature));
  const find = (list: readonly Axis[]) => [
    list.findIndex(isTime),
    list.findIndex(isBatch),
    list.indexOf('F'),
  ];
  const [y] = g.recur('LSTM', g.turn(x, ...find(given)), 3, 4);
  const rows = g.dense(g.squeeze(y!, 1), 4, 2);
  const order = [find(out).indexOf(0), find(out).indexOf(1), find(out).indexOf(2)];
  return g.finish(
    `a sequence ${name}`,
    { y: [g.turn(rows, ...order), out.map((axis) => (axis === 'F' ? 2 : axis))] },
    { input: 'x', steps: given.findIndex(isTime), output: 'y', rows: out.findIndex(isTime) },
  );
}

/** Streaming by windows: a fixed number of steps a call, with states. */
function windows(): RoleCase {
  const g = draft(47);
  const x = g.input('chunk', [1, 4, 3]);
  const h = g.input('h', [1, 1, 4], uniform, state);
  const n = g.input('n', [1], ({ random }) => 1 + Math.floor(random() * 4), {
    type: 'int32',
    sequence: () => 4,
  });
  const [y, hn] = g.recur('GRU', g.turn(x, 1, 0, 2), 3, 4, { h, lengths: n });
  return g.finish(
    'a window of four steps a call, with its length',
    { y: [g.dense(g.turn(g.squeeze(y!, 1), 1, 0, 2), 4, 2), [1, 4, 2]], hn: [hn!, [1, 1, 4]] },
    { input: 'chunk', output: 'y', ...stepView, carry: { h: 'hn' } },
  );
}

/** A step that reads lengths of one. */
function lengthsOfStates(): RoleCase {
  const g = draft(48);
  const x = g.input('x', ['T', 'B', 3]);
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const lens = g.input('lens', ['B'], anyLength, { type: 'int32', sequence: wholeLength });
  const [y, hn] = g.recur('GRU', x, 3, 4, { h, lengths: lens });
  return g.finish(
    'time-major, with lengths and a state',
    {
      y: [g.dense(g.squeeze(y!, 1), 4, 2), ['T', 'B', 2]],
      hn: [hn!, [1, 'B', 4]],
      left: [g.op('Sub', [lens, g.constant(Int32Array.of(1), [])]), ['B'], 'int32'],
    },
    { input: 'x', steps: 0, output: 'y', rows: 0, carry: { h: 'hn' } },
  );
}

/** Rectifiers that are zero for all small numbers: readings of a sensor, not scaled. */
function deadForSmallNumbers(): RoleCase {
  const g = draft(49);
  const x = g.input('x', ['B', 'T', 3], ({ random }) => 40 * random() - 10);
  const shifted = g.op('Relu', [g.op('Sub', [x, g.number(8)])]);
  const y = g.recurBatchFirst('GRU', shifted, 3, 4);
  return g.finish(
    'rectifiers that small numbers leave at zero',
    { y: [g.dense(y, 4, 2), ['B', 'T', 2]] },
    { input: 'x', steps: 1, output: 'y', rows: 1 },
  );
}

/** Differences of large doubles before a recurrence. */
function doublesInside(type: 'float32' | 'float64'): RoleCase {
  const g = draft(50);
  const x = g.input('x', ['B', 'T', 3], uniform, { type });
  const large = g.constant(Float64Array.of(1_700_000_123.25), []);
  const wide = g.op('Add', [g.cast(x, 11), large]);
  const back = g.op('Sub', [wide, g.constant(Float64Array.of(1_700_000_123), [])]);
  const y = g.recurBatchFirst('GRU', g.cast(back, 1), 3, 4);
  return g.finish(
    `FP64 ${type === 'float32' ? 'inside' : 'in'}`,
    { y: [g.dense(y, 4, 2), ['B', 'T', 2]] },
    { input: 'x', steps: 1, output: 'y', rows: 1, ...(type === 'float64' && { refused: '"x" is FP64' }) },
  );
}

export const states: readonly RoleCase[] = [
  statesInOtherOrder(),
  oneTensor('side by side', 'side by side'),
  oneTensor('stacked', 'stacked'),
  oneTensor('layer last', 'layer last'),
  layersOfStates(false),
  layersOfStates(true),
  encoderStart(false),
  encoderStart(true),
  writtenOut('LSTM'),
  writtenOut('LSTM', 2),
  writtenOut('GRU'),
  writtenOut('GRU', 2),
  writtenOut('RNN'),
  layout('time-major', ['T', 'B', 'F'], ['T', 'B', 'F']),
  layout('channels first, in and out', ['B', 'F', 'T'], ['B', 'F', 'T']),
  layout('channels first, time-major out', ['B', 'F', 'T'], ['T', 'B', 'F']),
  layout('with a batch of one', [1, 'T', 'F'], [1, 'T', 'F']),
  layout('of fixed steps', ['B', 7, 'F'], ['B', 7, 'F']),
  layout('of fixed steps and batch', [1, 7, 'F'], [1, 7, 'F']),
  layout('with the steps last', ['F', 'B', 'T'], ['B', 'F', 'T']),
  windows(),
  lengthsOfStates(),
  deadForSmallNumbers(),
  doublesInside('float32'),
  doublesInside('float64'),
];
