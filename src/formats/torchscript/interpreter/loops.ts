import { invalidModel } from '../../format-errors.ts';
import { assignedNames, type Statement } from '../code/syntax.ts';
import { assignRole, isSame, unify, unknownSize } from '../dimensions.ts';
import { applyBinary, operations } from '../operators/arithmetic.ts';
import { asTensor, createTensor, getNode, scalarNode, getShape } from '../tensor-values.ts';
import {
  describe,
  int,
  tuple,
  type List,
  type Scalar,
  type Tensor,
  type Tuple,
  type Value,
} from '../values.ts';
import { CarriedValueNeeded, noteWrite } from './loop-writes.ts';
import type { Frame, LoopFrame, Run } from './run.ts';

// Loops. Over a known count they are repeated; over an unknown one, such as the steps of a sequence, they
// become a Loop: variables from before that the body assigns are carried, and what it appends to a list
// becomes a row for each step.

type ForStatement = Extract<Statement, { kind: 'for' }>;

/** @returns what the body returns, if it does */
export function runFor(run: Run, statement: ForStatement, count: Scalar, frame: Frame): Value | undefined {
  if (count.known === null) {
    runLoop(run, statement, count, frame);
    return undefined;
  }
  for (let i = 0; i < count.known; i++) {
    frame.variables.set(statement.variable, int(i));
    const returned = run.execute(statement.body, frame);
    if (returned) return returned;
  }
  return undefined;
}

/** The steps of a loop: all, or all but the first. */
interface Steps {
  readonly count: Scalar;
  readonly first: 0 | 1;
}

function runLoop(run: Run, statement: ForStatement, count: Scalar, frame: Frame): void {
  if (count.dimension !== undefined) assignRole(count.dimension, 'time');
  const names = [...assignedNames(statement.body)].filter(
    (name) => frame.variables.has(name) && name !== statement.variable,
  );
  // a state that is None before the first step is a tensor behind it
  const first = names.some((name) => frame.variables.get(name)!.kind === 'none') ? 1 : 0;
  if (first === 1) {
    frame.variables.set(statement.variable, int(0));
    if (run.execute(statement.body, frame))
      invalidModel('returns from a loop over an unknown number of steps');
  }
  const outer = new Set<Tensor>();
  for (const value of frame.variables.values()) collectTensors(value, outer);
  const written = new Set<Tensor | List>();
  for (;;) {
    const loop: LoopFrame = {
      outer,
      written: new Set(written),
      appended: new Map(),
      mentions: new Map(),
      inner: new Map(),
    };
    const restore = [...written].map(keepState);
    run.loops.push(loop);
    try {
      return addLoop(run, statement, { count, first }, frame, loop, names);
    } catch (error) {
      for (const one of restore) one();
      if (!(error instanceof CarriedValueNeeded) || error.loop !== loop) throw error;
      written.add(error.value);
    } finally {
      const at = run.loops.indexOf(loop);
      if (at >= 0) run.loops.length = at;
    }
  }
}

/** @returns what restores a value that a loop's body changes */
function keepState(value: Tensor | List): () => void {
  if (value.kind === 'list') {
    const items = [...value.items];
    return () => void value.items.splice(0, value.items.length, ...items);
  }
  const { node, writes, fill, outdated } = value;
  return () => void Object.assign(value, { node, writes, fill, outdated });
}

function collectTensors(value: Value, found: Set<Tensor>): void {
  if (value.kind === 'tensor') {
    for (let tensor: Tensor | undefined = value; tensor && !found.has(tensor); tensor = tensor.view?.base)
      found.add(tensor);
  } else if (value.kind === 'list' || value.kind === 'tuple')
    value.items.forEach((item) => collectTensors(item, found));
  else if (value.kind === 'dict') value.entries.forEach((item) => collectTensors(item, found));
}

/** A value that the loop carries: a tensor or number, with what it is in the body. */
interface Carried {
  readonly start: string;
  readonly inner: Tensor | Scalar;
  /** The value after an iteration. */
  end: string;
}

function addLoop(
  run: Run,
  statement: ForStatement,
  { count, first }: Steps,
  frame: Frame,
  loop: LoopFrame,
  names: readonly string[],
): void {
  const { graph } = run;
  const carried: Carried[] = [];
  const addCarried = (value: Tensor | Scalar, inner: Tensor | Scalar): void => {
    const start = value.kind === 'tensor' ? getNode(value) : scalarNode(graph, value);
    carried.push({ start, inner, end: '' });
  };
  const variables = new Map(frame.variables);
  for (const name of names) variables.set(name, toInner(variables.get(name)!, name));
  const tensors = [...loop.written].filter((one) => one.kind === 'tensor');
  for (const tensor of tensors) {
    const inner = createTensor(graph.name(), tensor.type, getShape(tensor));
    addCarried({ ...tensor }, inner);
    // views from before the loop are out of date from the second iteration on
    Object.assign(tensor, { node: inner.node, fill: null, writes: [...tensor.writes, null] });
  }
  const lists = [...loop.written].filter((one) => one.kind === 'list');
  const itemsBefore = lists.map(({ items }) => tuple(...items));
  lists.forEach(({ items }, i) => {
    const inner = toInner(itemsBefore[i]!, 'an item of a list') as Tuple;
    items.splice(0, items.length, ...inner.items);
  });
  const [index, condition] = [graph.name(), graph.name()];

  const { operators, result: rows } = graph.inBody(() => {
    const node = first === 0 ? index : graph.add('Add', [index, graph.number('int', 1)]);
    variables.set(statement.variable, { kind: 'scalar', type: 'int', known: null, node });
    if (run.execute(statement.body, { code: frame.code, variables }))
      invalidModel('returns from a loop over an unknown number of steps');
    let next = 0;
    const end = (after: Value, what: string): void => {
      const own = carried[next++]!;
      own.end = graph.add('Identity', [getEnd(own.inner, after, what)]);
    };
    for (const name of names)
      forEachCarried(loop, frame.variables.get(name)!, variables.get(name)!, name, end);
    for (const tensor of tensors) end(tensor, 'a tensor that is written to');
    lists.forEach(({ items }, i) =>
      forEachCarried(loop, itemsBefore[i]!, tuple(...items), 'an item of a list', end),
    );
    return [...loop.appended].map(([list, item]) => {
      if (loop.mentions.get(list) !== 1) invalidModel('reads a list that the loop appends to');
      return { list, item, node: graph.add('Identity', [getNode(item)]) };
    });
  });
  run.loops.pop();

  const body = {
    inputs: [index, condition, ...carried.map(({ inner }) => inner.node)],
    operators,
    outputs: [condition, ...carried.map(({ end }) => end), ...rows.map(({ node }) => node)],
  };
  const steps = scalarNode(graph, count);
  const outputs = graph.addLoop(
    'Loop',
    [
      first === 0 ? steps : graph.add('Sub', [steps, graph.number('int', 1)]),
      '',
      ...carried.map(({ start }) => start),
    ],
    carried.length + rows.length,
    body,
  );
  let next = 0;
  const outerValue = (inner: Tensor | Scalar): Tensor | Scalar =>
    inner.kind === 'tensor'
      ? createTensor(outputs[next++]!, inner.type, getShape(inner))
      : { ...inner, node: outputs[next++]! };
  for (const name of names) frame.variables.set(name, toOuter(loop, frame.variables.get(name)!, outerValue));
  for (const tensor of tensors) {
    Object.assign(tensor, { node: outputs[next++]!, fill: null, writes: [...tensor.writes, null] });
    noteWrite(run, tensor);
  }
  lists.forEach((list, i) => {
    list.items.splice(0, list.items.length, ...(toOuter(loop, itemsBefore[i]!, outerValue) as Tuple).items);
    noteWrite(run, list);
  });
  for (const { list, item } of rows) stackRows(run, list, item, outputs[next++]!, { count, first });

  /** Values of the body in place of those from before: of tensors and numbers, in tuples, too. */
  function toInner(value: Value, name: string): Value {
    switch (value.kind) {
      case 'tensor': {
        if (loop.written.has(value)) return value;
        const inner = createTensor(graph.name(), value.type, getShape(value));
        loop.inner.set(inner, value);
        addCarried(value, inner);
        return inner;
      }
      case 'scalar': {
        const inner: Scalar = { kind: 'scalar', type: value.type, known: null, node: graph.name() };
        addCarried(value, inner);
        return inner;
      }
      case 'tuple':
        return { ...value, items: value.items.map((item) => toInner(item, name)) };
      case 'list':
      case 'module':
        return value;
      default:
        return invalidModel(
          `a loop over an unknown number of steps changes ${JSON.stringify(name)}, which is a ${describe(value)} before it`,
        );
    }
  }
}

/** Visits the parts of a value that are carried, with their values after an iteration. */
function forEachCarried(
  loop: LoopFrame,
  before: Value,
  after: Value,
  name: string,
  visit: (after: Value, what: string) => void,
): void {
  if (before === after) {
    if (before.kind === 'scalar' || (before.kind === 'tensor' && !loop.written.has(before)))
      visit(after, name);
  } else if (before.kind === 'tensor' && loop.written.has(before))
    invalidModel(`an iteration writes to ${JSON.stringify(name)} and replaces it`);
  else if (before.kind === 'tensor' || before.kind === 'scalar') visit(after, name);
  else if (before.kind === 'tuple') {
    if (after.kind !== 'tuple' || after.items.length !== before.items.length)
      invalidModel(`an iteration changes the items of ${JSON.stringify(name)}`);
    else before.items.forEach((item, i) => forEachCarried(loop, item, after.items[i]!, name, visit));
  } else invalidModel(`an iteration replaces ${JSON.stringify(name)}, which is a ${describe(before)}`);
}

/** The value after an iteration, of the same type and shape as before it. */
function getEnd(inner: Tensor | Scalar, after: Value, name: string): string {
  if (after.kind !== inner.kind)
    return invalidModel(`an iteration makes ${JSON.stringify(name)} a ${describe(after)}`);
  if (inner.kind === 'scalar') {
    const scalar = after as Scalar;
    if (scalar.type !== inner.type || scalar.known !== null)
      return invalidModel(`an iteration changes the type of ${JSON.stringify(name)}`);
    return scalar.node;
  }
  const tensor = after as Tensor;
  const [sizes, next] = [getShape(inner), getShape(tensor)];
  if (sizes.length !== next.length)
    invalidModel(`an iteration changes the dimensions of ${JSON.stringify(name)}`);
  sizes.forEach(
    (size, i) =>
      isSame(size, next[i]!) ||
      unify(size, next[i]!, `an iteration changes the shape of ${JSON.stringify(name)}`),
  );
  inner.type.kind ??= tensor.type.kind;
  tensor.type.kind ??= inner.type.kind;
  if (tensor.type.kind !== inner.type.kind)
    invalidModel(`an iteration changes the type of ${JSON.stringify(name)}`);
  return getNode(tensor);
}

function toOuter(loop: LoopFrame, before: Value, make: (inner: Tensor | Scalar) => Tensor | Scalar): Value {
  if (before.kind === 'tensor' && loop.written.has(before)) return before;
  if (before.kind === 'tensor' || before.kind === 'scalar')
    return make(
      before.kind === 'scalar' ? { kind: 'scalar', type: before.type, known: null, node: '' } : before,
    );
  return before.kind === 'tuple'
    ? { ...before, items: before.items.map((item) => toOuter(loop, item, make)) }
    : before;
}

/** A list that the loop has appended to: its rows are along a new first axis, behind those from before. */
function stackRows({ graph }: Run, list: List, item: Tensor, node: string, { count, first }: Steps): void {
  const before = list.items.map((one) => asTensor(one, 'an item of a list'));
  const known = before.length === first ? count.dimension : undefined;
  const shape = [known ?? unknownSize(), ...getShape(item)];
  const total =
    before.length === first
      ? count
      : (applyBinary(graph, operations.add, count, int(before.length - first)) as Scalar);
  const rows = before.map((one) => {
    getShape(item).forEach((size, i) => unify(getShape(one)[i] ?? 0, size, 'items of a list'));
    return graph.add('Unsqueeze', [getNode(one), graph.ints([0])]);
  });
  const stacked = rows.length === 0 ? node : graph.add('Concat', [...rows, node], { axis: 0 });
  list.items.length = 0;
  list.stacked = { tensor: createTensor(stacked, item.type, shape), axis: 0, count: total };
}
