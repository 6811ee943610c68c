import { anyLength, below, draft, ones, uniform, wholeLength, type RoleCase } from './draft.ts';

// Ids of every datatype, lengths and masks as inputs.

const [int32, int64, float] = [6, 7, 1];
const vocabulary = 11;

/** Ids [B, T] of a datatype through an embedding and a GRU to a score for each step. */
function ids(name: string, type: 'float32' | 'uint8' | 'int32' | 'int64' | 'int16'): RoleCase {
  const g = draft(1);
  const x = g.op('Gather', [
    g.floats(vocabulary, 3),
    g.cast(g.input('ids', ['B', 'T'], below(vocabulary), { type }), int64),
  ]);
  const y = g.dense(g.recurBatchFirst('GRU', x, 3, 4), 4, 2);
  return g.finish(
    name,
    { logits: [y, ['B', 'T', 2]] },
    { input: 'ids', steps: 1, output: 'logits', rows: 1 },
  );
}

/** Ids are clipped and shifted before they are looked up. */
function shiftedIds(): RoleCase {
  const g = draft(2);
  const given = g.input('tokens', ['B', 'T'], below(vocabulary), { type: 'int32' });
  const low = g.constant(Int32Array.of(1), []);
  const at = g.op('Sub', [g.op('Max', [given, low]), low]);
  const x = g.op('Gather', [g.floats(vocabulary, 3), at]);
  const y = g.dense(g.recurBatchFirst('GRU', x, 3, 4), 4, 2);
  return g.finish(
    'ids shifted before the embedding',
    { logits: [y, ['B', 'T', 2]] },
    { input: 'tokens', steps: 1, output: 'logits', rows: 1, refused: 'no operator looks them up' },
  );
}

/** Ids that are one-hot encoded. */
function oneHotIds(): RoleCase {
  const g = draft(3);
  const given = g.input('tokens', ['B', 'T'], below(5), { type: 'int64' });
  const x = g.op('OneHot', [given, g.scalar(5), g.constant(Float32Array.of(0, 1))]);
  const y = g.dense(g.recurBatchFirst('GRU', x, 5, 4), 4, 2);
  return g.finish(
    'ids one-hot encoded',
    { logits: [y, ['B', 'T', 2]] },
    { input: 'tokens', steps: 1, output: 'logits', rows: 1, refused: 'no operator looks them up' },
  );
}

/** Ids and segments (types) of tokens, two inputs of one shape. */
function segments(): RoleCase {
  const g = draft(4);
  const tokens = g.input('tokens', ['B', 'T'], below(vocabulary), { type: 'int64' });
  const kinds = g.input('types', ['B', 'T'], below(2), { type: 'int64', sequence: () => 0 });
  const x = g.op('Add', [
    g.op('Gather', [g.floats(vocabulary, 3), tokens]),
    g.op('Gather', [g.floats(2, 3), kinds]),
  ]);
  const y = g.dense(g.recurBatchFirst('GRU', x, 3, 4), 4, 2);
  return g.finish(
    'ids and segments',
    { logits: [y, ['B', 'T', 2]] },
    { input: 'tokens', steps: 1, output: 'logits', rows: 1, refused: '"types"' },
  );
}

/** Positions as an input of another datatype, and the best ids as an output of the ids' own. */
function positions(): RoleCase {
  const g = draft(5);
  const tokens = g.input('tokens', ['B', 'T'], below(vocabulary), { type: 'int64' });
  const places = g.input('positions', ['B', 'T'], below(8), {
    type: 'int32',
    sequence: ({ index }) => index % 8,
  });
  const x = g.op('Add', [
    g.op('Gather', [g.floats(vocabulary, 3), tokens]),
    g.op('Gather', [g.floats(8, 3), places]),
  ]);
  const y = g.dense(g.recurBatchFirst('GRU', x, 3, 4), 4, 5);
  return g.finish(
    'ids and positions, best ids out',
    {
      logits: [y, ['B', 'T', 5]],
      best: [g.op('ArgMax', [y], { axis: 2, keepdims: 0 }), ['B', 'T'], 'int64'],
    },
    { input: 'tokens', steps: 1, output: 'logits', rows: 1, refused: '"positions"' },
  );
}

type Shape = 'B' | 'B1' | 'scalar';
/** Lengths of a datatype and shape as sequence_lens, with a state out. */
function lengths(
  name: string,
  type: 'int32' | 'int64' | 'float32',
  shape: Shape,
  refused?: string,
): RoleCase {
  const g = draft(6);
  const x = g.input('x', ['B', 'T', 3]);
  const given = g.input('n', shape === 'scalar' ? [] : shape === 'B' ? ['B'] : ['B', 1], anyLength, {
    type,
    sequence: wholeLength,
  });
  const flat = shape === 'B1' ? g.squeeze(given, 1) : given;
  const batch = g.op('Shape', [x], { start: 0, end: 1 });
  const lens = g.cast(shape === 'scalar' ? g.op('Expand', [flat, batch]) : flat, int32);
  const y = g.recurBatchFirst('LSTM', x, 3, 4, { lengths: lens });
  return g.finish(
    `lengths ${name}`,
    { y: [g.dense(y, 4, 2), ['B', 'T', 2]] },
    { input: 'x', steps: 1, output: 'y', rows: 1, ...(refused && { refused }) },
  );
}

/** Lengths that become a mask of the answer and, halved, an output of their own shape: as speech encoders have. */
function encodedLengths(name: string, type: 'int64' | 'float32'): RoleCase {
  const g = draft(7);
  const x = g.input('audio_signal', ['B', 'T', 3]);
  const n = g.input('length', ['B'], anyLength, { type, sequence: wholeLength });
  const y = g.recurBatchFirst('GRU', x, 3, 4);
  const steps = g.op('Range', [
    g.scalar(0),
    g.squeeze(g.op('Shape', [x], { start: 1, end: 2 }), 0),
    g.scalar(1),
  ]);
  const mask = g.op('Less', [g.unsqueeze(steps, 0), g.unsqueeze(g.cast(n, int64), 1)]);
  const masked = g.op('Mul', [y, g.unsqueeze(g.cast(mask, float), 2)]);
  const half = g.op('Add', [n, type === 'int64' ? g.scalar(1) : g.number(1)]);
  return g.finish(
    `lengths in and out, ${name}`,
    { logprobs: [g.dense(masked, 4, 2), ['B', 'T', 2]], encoded_lengths: [half, ['B'], type] },
    { input: 'audio_signal', steps: 1, output: 'logprobs', rows: 1, refused: '"length"' },
  );
}

/** Lengths that are not read by what answers. */
function lengthsBesideTheAnswer(): RoleCase {
  const g = draft(8);
  const x = g.input('x', ['B', 'T', 3]);
  const n = g.input('n', ['B'], anyLength, { type: 'int64', sequence: wholeLength });
  const y = g.recurBatchFirst('GRU', x, 3, 4);
  return g.finish(
    'lengths that only a length is computed of',
    { y: [g.dense(y, 4, 2), ['B', 'T', 2]], n_out: [g.op('Div', [n, g.scalar(2)]), ['B'], 'int64'] },
    { input: 'x', steps: 1, output: 'y', rows: 1 },
  );
}

/** The last step is gathered at the length, without sequence_lens. */
function gatheredAtLength(): RoleCase {
  const g = draft(9);
  const x = g.input('x', ['B', 'T', 3]);
  const n = g.input('lens', ['B'], anyLength, { type: 'int64', sequence: wholeLength });
  const y = g.recurBatchFirst('GRU', x, 3, 4);
  const at = g.op('Expand', [
    g.unsqueeze(g.op('Sub', [n, g.scalar(1)]), 1, 2),
    g.op('Concat', [g.op('Shape', [x], { start: 0, end: 1 }), g.ints(1, 4)], { axis: 0 }),
  ]);
  const last = g.squeeze(g.op('GatherElements', [y, at], { axis: 1 }), 1);
  return g.finish(
    'a step gathered at the length',
    { y: [g.dense(last, 4, 2), ['B', 2]] },
    { input: 'x', steps: 1, output: 'y', rows: null, refused: '"lens"' },
  );
}

/** A mask [B, T] of a datatype. Weighs the answer; there is a score of the mask's own shape. */
function mask(name: string, type: 'float32' | 'bool' | 'int32' | 'int64', scores: boolean): RoleCase {
  const g = draft(10);
  const x = g.input('x', ['B', 'T', 3]);
  const given = g.input('mask', ['B', 'T'], below(2), { type, sequence: ones });
  const weights = g.unsqueeze(type === 'float32' ? given : g.cast(given, float), 2);
  const y = g.recurBatchFirst('GRU', g.op('Mul', [x, weights]), 3, 4);
  const score = g.squeeze(g.dense(y, 4, 1), 2);
  const out = type === 'float32' ? score : g.op('Greater', [score, g.number(0)]);
  return g.finish(
    `a mask ${name}`,
    {
      y: [g.dense(y, 4, 2), ['B', 'T', 2]],
      ...(scores && {
        scores: [
          type === 'float32' || type === 'bool' ? out : g.cast(out, type === 'int32' ? int32 : int64),
          ['B', 'T'],
          type,
        ],
      }),
    },
    { input: 'x', steps: 1, output: 'y', rows: 1, refused: '"mask"' },
  );
}

/** A mask whose sum is sequence_lens. */
function maskToLengths(): RoleCase {
  const g = draft(11);
  const x = g.input('x', ['B', 'T', 3]);
  const given = g.input('attention_mask', ['B', 'T'], ({ index, sizes }) => Number(index % sizes['T']! < 3), {
    type: 'int64',
    sequence: ones,
  });
  const lens = g.cast(g.op('ReduceSum', [given, g.ints(1)], { keepdims: 0 }), int32);
  const y = g.recurBatchFirst('GRU', x, 3, 4, { lengths: lens });
  return g.finish(
    'a mask whose sum is the lengths',
    { y: [g.dense(y, 4, 2), ['B', 'T', 2]] },
    { input: 'x', steps: 1, output: 'y', rows: 1, refused: '"attention_mask"' },
  );
}

/** The mean over steps that a mask chooses. */
function maskedMean(): RoleCase {
  const g = draft(12);
  const tokens = g.input('input_ids', ['B', 'T'], below(vocabulary), { type: 'int64' });
  const given = g.input('attention_mask', ['B', 'T'], ({ index, sizes }) => Number(index % sizes['T']! < 3), {
    type: 'int64',
    sequence: ones,
  });
  const x = g.op('Gather', [g.floats(vocabulary, 3), tokens]);
  const y = g.recurBatchFirst('GRU', x, 3, 4);
  const weights = g.unsqueeze(g.cast(given, float), 2);
  const sum = g.op('ReduceSum', [g.op('Mul', [y, weights]), g.ints(1)], { keepdims: 0 });
  const mean = g.op('Div', [sum, g.op('ReduceSum', [weights, g.ints(1)], { keepdims: 0 })]);
  return g.finish(
    'a mean that a mask weighs',
    { embedding: [g.dense(mean, 4, 2), ['B', 2]] },
    { input: 'input_ids', steps: 1, output: 'embedding', rows: null, refused: '"attention_mask"' },
  );
}

/** Two sequences of the same length, and answers of both widths. */
function twoSequences(): RoleCase {
  const g = draft(13);
  const a = g.input('mel', ['B', 'T', 3]);
  const b = g.input('pitch', ['B', 'T', 2], uniform);
  const y = g.recurBatchFirst('LSTM', g.op('Concat', [a, b], { axis: 2 }), 5, 4);
  return g.finish(
    'two sequences, an answer as wide as one',
    { out_a: [g.dense(y, 4, 6), ['B', 'T', 6]], out_b: [g.dense(y, 4, 2), ['B', 'T', 2]] },
    { input: 'mel', steps: 1, output: 'out_a', rows: 1, refused: '"pitch"' },
  );
}

/** One sequence gates another: an answer of its shape, from which the other answer follows. */
function gatedSequence(steps: number | 'T'): RoleCase {
  const g = draft(14);
  const a = g.input('noisy', ['B', steps, 3]);
  const b = g.input('spectrum', ['B', steps, 2], uniform);
  const gate = g.op('Sigmoid', [g.dense(g.recurBatchFirst('GRU', a, 3, 4), 4, 2)]);
  const clean = g.op('Mul', [gate, b]);
  return g.finish(
    `a sequence that gates another, of ${steps} steps`,
    { clean: [clean, ['B', steps, 2]], energy: [g.dense(clean, 2, 1), ['B', steps, 1]] },
    { input: 'noisy', steps: 1, output: 'energy', rows: 1, refused: '"spectrum"' },
  );
}

export const idsAndLengths: readonly RoleCase[] = [
  ids('ids as float', 'float32'),
  ids('ids as uint8', 'uint8'),
  ids('ids as int16', 'int16'),
  ids('ids as int32', 'int32'),
  shiftedIds(),
  oneHotIds(),
  segments(),
  positions(),
  lengths('[B] int32', 'int32', 'B'),
  lengths('[B] int64', 'int64', 'B'),
  lengths('[B] float', 'float32', 'B'),
  lengths('[B, 1] int64', 'int64', 'B1'),
  lengths('[B, 1] int32', 'int32', 'B1'),
  lengths('scalar int32', 'int32', 'scalar'),
  lengths('scalar int64', 'int64', 'scalar'),
  encodedLengths('int64', 'int64'),
  encodedLengths('float', 'float32'),
  lengthsBesideTheAnswer(),
  gatheredAtLength(),
  mask('[B, T] float', 'float32', false),
  mask('[B, T] float, scores of its shape', 'float32', true),
  mask('[B, T] bool, decisions of its shape', 'bool', true),
  mask('[B, T] int32, decisions of its shape', 'int32', true),
  mask('[B, T] int64', 'int64', false),
  maskToLengths(),
  maskedMean(),
  twoSequences(),
  gatedSequence('T'),
  gatedSequence(7),
];
