import { below, draft, lstmStep, ones, state, stepView, uniform, zeros, type RoleCase } from './draft.ts';

// Inputs beside the sequence: flags, goals, actions and tokens before, counters, scalars, statistics, encoder outputs.

const float = 1;

/** A flag that clears the states, as policies of reinforcement learning have it. */
function resetFlag(
  name: string,
  type: 'float32' | 'bool' | 'int32',
  shape: 'B' | 'B1',
  value: boolean,
): RoleCase {
  const g = draft(34);
  const obs = g.input('obs', ['B', 5]);
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const c = g.input('c', [1, 'B', 4], uniform, state);
  const done = g.input('done', shape === 'B' ? ['B'] : ['B', 1], below(2), { type, sequence: zeros });
  const column = shape === 'B' ? g.unsqueeze(done, 1) : done;
  const keep = g.op('Sub', [g.number(1), type === 'float32' ? column : g.cast(column, float)]);
  const [y, hn, cn] = lstmStep(g, obs, g.op('Mul', [h, keep]), g.op('Mul', [c, keep]));
  return g.finish(
    `a flag that clears the states, ${name}`,
    {
      action: [g.dense(y, 4, 2), ['B', 2]],
      ...(value && {
        value: [
          shape === 'B' ? g.squeeze(g.dense(y, 4, 1), 1) : g.dense(y, 4, 1),
          shape === 'B' ? ['B'] : ['B', 1],
        ],
      }),
      hn: [hn, [1, 'B', 4]],
      cn: [cn, [1, 'B', 4]],
    },
    {
      input: 'obs',
      output: 'action',
      ...stepView,
      carry: { h: 'hn', c: 'cn' },
      refused: '"done"',
    },
  );
}

/** The same with the flag said in model.json. */
function resetFlagSaid(): RoleCase {
  const one = resetFlag('bool [B], said to be off', 'bool', 'B', true);
  const { refused: _, ...view } = one.view;
  return { ...one, view: { ...view, settings: { set: { done: 0 }, output: 'action' } } };
}

/** A flag over a fixed batch of one, with initial states of zeros in the file. */
function startFlag(type: 'bool' | 'int64'): RoleCase {
  const g = draft(35);
  const obs = g.input('obs', [1, 'T', 5]);
  const start = g.input('start', [1], below(2), { type, sequence: ones });
  const zero = g.constant(new Float32Array(4), [1, 1, 4]);
  const one = g.op('Mul', [g.floats(1, 1, 4), g.cast(start, float)]);
  const [y] = g.recur('LSTM', g.turn(obs, 1, 0, 2), 5, 4, { h: zero, c: one });
  return g.finish(
    `a flag that chooses the start, ${type}`,
    { y: [g.dense(g.turn(g.squeeze(y!, 1), 1, 0, 2), 4, 2), [1, 'T', 2]] },
    { input: 'obs', steps: 1, output: 'y', rows: 1, refused: '"start"' },
  );
}

/** A policy without memory whose goal has the shape of its action. */
function goal(critic: boolean): RoleCase {
  const g = draft(36);
  const obs = g.input('obs', ['B', 5]);
  const aim = g.input('goal', ['B', 2]);
  const hidden = g.op('Tanh', [g.dense(g.op('Concat', [obs, aim], { axis: 1 }), 7, 6)]);
  const action = g.op('Tanh', [g.dense(hidden, 6, 2)]);
  return g.finish(
    `a goal as wide as the action${critic ? ', which a critic reads' : ''}`,
    { action: [action, ['B', 2]], value: [critic ? g.dense(action, 2, 1) : g.dense(hidden, 6, 1), ['B', 1]] },
    { input: 'obs', output: 'value', ...stepView, refused: '"goal"' },
  );
}

/** The action before as an input, beside states. */
function previousAction(): RoleCase {
  const g = draft(37);
  const obs = g.input('obs', ['B', 5]);
  const before = g.input('prev_action', ['B', 2], uniform, state);
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const c = g.input('c', [1, 'B', 4], uniform, state);
  const [y, hn, cn] = lstmStep(g, g.op('Concat', [obs, before], { axis: 1 }), h, c, 7);
  return g.finish(
    'the action before as an input',
    {
      action: [g.dense(y, 4, 2), ['B', 2]],
      value: [g.dense(y, 4, 1), ['B', 1]],
      hn: [hn, [1, 'B', 4]],
      cn: [cn, [1, 'B', 4]],
    },
    { input: 'obs', output: 'value', ...stepView, refused: '"prev_action"' },
  );
}

/** A decoder that reads the token before, and gives the best one of the same datatype. */
function previousToken(): RoleCase {
  const g = draft(38);
  const token = g.input('prev_token', ['B', 1], below(9), { type: 'int64' });
  const position = g.input('step', ['B', 1], below(6), { type: 'int32', sequence: zeros });
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const x = g.op('Add', [
    g.op('Gather', [g.floats(9, 5), token]),
    g.op('Gather', [g.floats(6, 5), position]),
  ]);
  const [y, hn] = g.recur('GRU', g.turn(x, 1, 0, 2), 5, 4, { h });
  const logits = g.dense(g.squeeze(y!, 0, 1), 4, 9);
  return g.finish(
    'a token and a step, the best token out',
    {
      logits: [logits, ['B', 9]],
      next_token: [g.op('ArgMax', [logits], { axis: 1 }), ['B', 1], 'int64'],
      hn: [hn!, [1, 'B', 4]],
    },
    { input: 'prev_token', output: 'logits', ...stepView, refused: '"step"' },
  );
}

/** A counter of steps that the file counts up itself. */
function counter(type: 'int64' | 'float32'): RoleCase {
  const g = draft(39);
  const obs = g.input('obs', ['B', 5]);
  const t = g.input('t', ['B', 1], below(6), { type, sequence: zeros });
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const c = g.input('c', [1, 'B', 4], uniform, state);
  const angle = g.op('Mul', [type === 'float32' ? t : g.cast(t, float), g.floats(1, 5)]);
  const [y, hn, cn] = lstmStep(g, g.op('Add', [obs, g.op('Sin', [angle])]), h, c);
  return g.finish(
    `a counter that the file counts up, ${type}`,
    {
      y: [g.dense(y, 4, 2), ['B', 2]],
      t_next: [g.op('Add', [t, type === 'float32' ? g.number(1) : g.scalar(1)]), ['B', 1], type],
      hn: [hn, [1, 'B', 4]],
      cn: [cn, [1, 'B', 4]],
    },
    { input: 'obs', output: 'y', ...stepView, carry: { t: 't_next', h: 'hn', c: 'cn' }, refused: '"t"' },
  );
}

/** A scalar beside the sequence: temperature, threshold, sample rate. */
function scalar(
  name: string,
  type: 'float32' | 'int64',
  shape: readonly (number | string)[],
  scoreOfItsShape: boolean,
): RoleCase {
  const g = draft(40);
  const x = g.input('x', ['B', 'T', 3]);
  const t = g.input('knob', shape, ({ random }) => 1 + Math.floor(random() * 4), { type, sequence: ones });
  const y = g.recurBatchFirst('GRU', x, 3, 4);
  const logits = g.dense(y, 4, 2);
  const over = type === 'float32' ? t : g.cast(t, float);
  const wide = shape.length === 2 ? g.unsqueeze(over, 2) : over;
  const top = g.op('ReduceMax', [logits], { axes: [1, 2], keepdims: 0 });
  return g.finish(
    `a scalar beside the sequence: ${name}`,
    {
      probs: [g.op('Softmax', [g.op('Div', [logits, wide])], { axis: 2 }), ['B', 'T', 2]],
      ...(scoreOfItsShape && {
        score: [g.op('Mul', [shape.length === 2 ? g.unsqueeze(top, 1) : g.slice(top, 0, 0, 1), over]), shape],
      }),
    },
    { input: 'x', steps: 1, output: 'probs', rows: 1, refused: '"knob"' },
  );
}

/** A scalar that model.json sets. */
function scalarSaid(): RoleCase {
  const one = scalar('a temperature that model.json sets', 'float32', [1], false);
  const { refused: _, ...view } = one.view;
  return { ...one, view: { ...view, settings: { set: { knob: 1 } } } };
}

/** Mean and deviation of the features as inputs; running ones come out. */
function statistics(running: boolean): RoleCase {
  const g = draft(41);
  const x = g.input('x', ['B', 'T', 3]);
  const mean = g.input('mean', [3], uniform, { sequence: zeros });
  const deviation = g.input('std', [3], ({ random }) => 0.5 + random(), { sequence: ones });
  const y = g.recurBatchFirst('GRU', g.op('Div', [g.op('Sub', [x, mean]), deviation]), 3, 4);
  const now = g.op('ReduceMean', [x], { axes: [0, 1], keepdims: 0 });
  return g.finish(
    `statistics of the features as inputs${running ? ', running ones out' : ''}`,
    {
      y: [g.dense(y, 4, 2), ['B', 'T', 2]],
      ...(running && {
        mean_out: [g.op('Add', [g.op('Mul', [mean, g.number(0.9)]), g.op('Mul', [now, g.number(0.1)])]), [3]],
        std_out: [g.op('Mul', [deviation, g.number(1)]), [3]],
      }),
    },
    { input: 'x', steps: 1, output: 'y', rows: 1, refused: 'mean|std' },
  );
}

/** A decoder's step with attention over what an encoder gave. */
function attentionStep(weightsOut: boolean): RoleCase {
  const g = draft(42);
  const token = g.input('token', ['B', 1], below(9), { type: 'int64' });
  const encoded = g.input('encoder_out', ['B', 'S', 4]);
  const mask = g.input('src_mask', ['B', 'S'], below(2), { sequence: ones });
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const x = g.op('Gather', [g.floats(9, 4), token]);
  const [y, hn] = g.recur('GRU', g.turn(x, 1, 0, 2), 4, 4, { h });
  const row = g.turn(g.squeeze(y!, 1), 1, 0, 2);
  const scores = g.squeeze(g.op('MatMul', [row, g.turn(encoded, 0, 2, 1)]), 1);
  const attention = g.op('Mul', [g.op('Softmax', [scores], { axis: 1 }), mask]);
  const context = g.squeeze(g.op('MatMul', [g.unsqueeze(attention, 1), encoded]), 1);
  return g.finish(
    `attention over an encoder's output${weightsOut ? ', weights out' : ''}`,
    {
      logits: [g.dense(context, 4, 9), ['B', 9]],
      hn: [hn!, [1, 'B', 4]],
      ...(weightsOut && { weights: [attention, ['B', 'S']] }),
    },
    { input: 'token', output: 'logits', ...stepView, sizes: { S: 6 }, refused: 'encoder_out' },
  );
}

/** An input that passes through beside what answers. */
function passedThrough(answersFromIt: boolean): RoleCase {
  const g = draft(45);
  const x = g.input('x', ['B', 3]);
  const id = g.input('session', ['B', 2]);
  const same = g.op('Mul', [id, g.number(1)]);
  const bias = g.dense(answersFromIt ? same : id, 2, 4);
  const h = g.input('h', [1, 'B', 4], uniform, state);
  const [y, hn] = g.recur('GRU', g.unsqueeze(x, 0), 3, 4, { h });
  return g.finish(
    `an embedding of the speaker that is passed through${answersFromIt ? ', to the answer too' : ''}`,
    {
      y: [g.dense(g.op('Add', [g.squeeze(y!, 0, 1), bias]), 4, 2), ['B', 2]],
      session_out: [same, ['B', 2]],
      hn: [hn!, [1, 'B', 4]],
    },
    { input: 'x', output: 'y', ...stepView, carry: { h: 'hn' }, refused: '"session"' },
  );
}

export const signals: readonly RoleCase[] = [
  resetFlag('float [B, 1]', 'float32', 'B1', false),
  resetFlag('float [B, 1], a value of its shape', 'float32', 'B1', true),
  resetFlag('float [B], a value of its shape', 'float32', 'B', true),
  resetFlag('bool [B]', 'bool', 'B', false),
  resetFlag('int32 [B]', 'int32', 'B', false),
  resetFlagSaid(),
  startFlag('bool'),
  startFlag('int64'),
  goal(false),
  goal(true),
  previousAction(),
  previousToken(),
  counter('int64'),
  counter('float32'),
  scalar('a temperature [1]', 'float32', [1], false),
  scalar('a temperature [1], a score of its shape', 'float32', [1], true),
  scalar('a threshold [B, 1], a score of its shape', 'float32', ['B', 1], true),
  scalar('a sample rate', 'int64', [], false),
  scalarSaid(),
  statistics(false),
  statistics(true),
  attentionStep(false),
  attentionStep(true),
  passedThrough(false),
  passedThrough(true),
];
