import { invalidModel, quote } from '../../format-errors.ts';
import type { Call, OperatorTable } from '../call.ts';
import { createList, getItems } from '../tensor-values.ts';
import { unknownSize } from '../dimensions.ts';
import { bool, describe, int, none, type Scalar, type Value } from '../values.ts';
import { applyBinary, operations } from './arithmetic.ts';

// Lists, dictionaries and strings of the code, and what it asks of its surroundings.

/** Returns a list's own items, to be changed. @throws UnrollError invalid_model inside a loop over steps */
function mutable(call: Call): Value[] {
  const list = call.value('self');
  if (list.kind !== 'list') return invalidModel(`changes a ${describe(list)}, must be a list`);
  if (list.stacked || list.depth !== call.graph.depth)
    return invalidModel(
      'changes a list in a loop over an unknown number of steps, where it can only be appended to',
    );
  return list.items;
}

function length(call: Call): Value {
  const self = call.value('self');
  if (self.kind === 'list' && self.stacked) return self.stacked.count;
  if (self.kind === 'string') return int(self.value.length);
  if (self.kind === 'dict') return int(self.entries.size);
  return int(getItems(self, 'self').length);
}

function contains(call: Call): Value {
  const [self, item] = [call.value('self'), call.value('item')];
  const key = item.kind === 'string' ? item.value : item.kind === 'scalar' ? item.known : null;
  if (key === null) return invalidModel(`looks for a ${describe(item)}`);
  if (self.kind === 'dict') return bool(self.entries.has(key));
  return bool(
    getItems(self, 'self').some(
      (one) => (one.kind === 'string' ? one.value : one.kind === 'scalar' ? one.known : null) === key,
    ),
  );
}

const dictionary = (call: Call): Map<string | number, Value> => {
  const self = call.value('self');
  return self.kind === 'dict' ? self.entries : invalidModel(`a ${describe(self)}, must be a dictionary`);
};

/** Errors and warnings need no numbers: what is formatted is only named. */
function format(call: Call): Value {
  return { kind: 'string', value: call.text('self') };
}

/** The position of a string in another, −1 where there is none. */
const find = (call: Call): Value => int(call.text('self').indexOf(call.text('substr')));

const change =
  (apply: (items: Value[], call: Call) => Value) =>
  (call: Call): Value =>
    apply(mutable(call), call);

/** The number of steps of range(start, end, step). */
function rangeLength({ graph, ...call }: Call): Value {
  const [start, end, step] = [call.scalar('start'), call.scalar('end'), call.int('step')];
  if (step === 0) invalidModel('a range with a step of 0');
  const distance = (
    step > 0 ? applyBinary(graph, operations.sub, end, start) : applyBinary(graph, operations.sub, start, end)
  ) as Scalar;
  const by = Math.abs(step);
  if (distance.known !== null) return int(Math.max(0, Math.ceil(distance.known / by)));
  // the whole axis, from either end
  const sized = [start, end].find(({ dimension }) => dimension !== undefined);
  if (by === 1 && distance.dimension === undefined && sized) {
    const other = sized === start ? end : start;
    if (other.known === 0) return sized;
  }
  const steps = by === 1 ? distance : (applyBinary(graph, operations.add, distance, int(by - 1)) as Scalar);
  const count = by === 1 ? steps.node : graph.add('Div', [steps.node, graph.number('int', by)]);
  return {
    kind: 'scalar',
    type: 'int',
    known: null,
    node: graph.add('Max', [count, graph.number('int', 0)]),
    dimension: unknownSize(),
  };
}

/** The number at a place of range(start, end, step). */
function atRange({ graph, ...call }: Call): Value {
  const passed = applyBinary(graph, operations.mul, call.scalar('index'), call.scalar('step'));
  return applyBinary(graph, operations.add, call.scalar('start'), passed);
}

export const containerOperators: OperatorTable = {
  __range_length: ['start end step', rangeLength],
  __derive_index: ['index start step', atRange],
  len: ['self', length],
  list: ['self', (call) => createList(call.graph, getItems(call.value('self'), 'self'))],
  extend: [
    'self other',
    change((items, call) => (items.push(...getItems(call.value('other'), 'other')), none)),
  ],
  insert: [
    'self index item',
    change((items, call) => (items.splice(call.int('index'), 0, call.value('item')), none)),
  ],
  pop: [
    'self index',
    change(
      (items, call) =>
        items.splice(call.int('index', -1), 1)[0] ?? invalidModel('takes an item of an empty list'),
    ),
  ],
  clear: ['self', change((items) => ((items.length = 0), none))],
  reverse: ['self', change((items) => (items.reverse(), none))],
  copy: ['self', (call) => createList(call.graph, getItems(call.value('self'), 'self'))],
  __contains__: ['self item', contains],
  keys: [
    'self',
    (call) =>
      createList(
        call.graph,
        [...dictionary(call).keys()].map((key): Value =>
          typeof key === 'string' ? { kind: 'string', value: key } : int(key),
        ),
      ),
  ],
  values: ['self', (call) => createList(call.graph, [...dictionary(call).values()])],
  get: ['self key', (call) => dictionary(call).get(call.text('key')) ?? none],
  format: ['self a b c d e f g h', format],
  percentFormat: ['self a b c d e f g h', format],
  find: ['self substr start end', find],
  warn: ['message stacklevel', () => none],
  device: ['self', () => ({ kind: 'device' })],
  type: ['self', () => ({ kind: 'string', value: 'cpu' })],
  layout: ['self', () => int(0)],
  is_cuda: ['self', () => bool(false)],
  is_nested: ['self', () => bool(false)],
  is_quantized: ['self', () => bool(false)],
  // attention has a path for training, which is written out in the code, and a fused one
  requires_grad: ['self', () => bool(true)],
  is_grad_enabled: ['', () => bool(true)],
  is_autocast_enabled: ['', () => bool(false)],
  is_scripting: ['', () => bool(true)],
  is_tracing: ['', () => bool(false)],
  unchecked_unwrap_optional: ['self', (call) => call.value('self')],
  RaiseException: ['message kind', (call) => invalidModel(`the code raises ${quote(call.text('message'))}`)],
};
