import { invalidModel } from '../../format-errors.ts';
import { assignedNames, type Statement } from '../code/syntax.ts';
import { assignRole, isSame, unify } from '../dimensions.ts';
import { createTensor, nodeOf, scalarNode, shapeOf } from '../tensor-values.ts';
import { describe, int, type List, type Scalar, type Tensor, type Value } from '../values.ts';
import { CarriedTensorNeeded, noteWrite } from './loop-writes.ts';
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

function runLoop(run: Run, statement: ForStatement, count: Scalar, frame: Frame): void {
  if (count.dimension !== undefined) assignRole(count.dimension, 'time');
  const outer = new Set<Tensor>();
  for (const value of frame.variables.values()) collectTensors(value, outer);
  const written = new Set<Tensor>();
  for (;;) {
    const loop: LoopFrame = { outer, written: new Set(written), appended: new Map() };
    const before = [...written].map(({ node, writes, fill }) => ({ node, writes, fill }));
    run.loops.push(loop);
    try {
      return addLoop(run, statement, count, frame, loop);
    } catch (error) {
      [...written].forEach((tensor, i) => Object.assign(tensor, before[i]));
      if (!(error instanceof CarriedTensorNeeded) || error.loop !== loop) throw error;
      written.add(error.tensor);
    } finally {
      const at = run.loops.indexOf(loop);
      if (at >= 0) run.loops.length = at;
    }
  }
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

function addLoop(run: Run, statement: ForStatement, count: Scalar, frame: Frame, loop: LoopFrame): void {
  const { graph } = run;
  const names = [...assignedNames(statement.body)].filter(
    (name) => frame.variables.has(name) && name !== statement.variable,
  );
  const carried: Carried[] = [];
  const addCarried = (value: Tensor | Scalar, inner: Tensor | Scalar): void => {
    const start = value.kind === 'tensor' ? nodeOf(value) : scalarNode(graph, value);
    carried.push({ start, inner, end: '' });
  };
  const variables = new Map(frame.variables);
  for (const name of names) variables.set(name, toInner(variables.get(name)!, name));
  const tensors = [...loop.written];
  const starts = tensors.map((tensor) => ({ ...tensor }));
  tensors.forEach((tensor, i) => {
    const inner = createTensor(graph.name(), tensor.type, shapeOf(tensor));
    addCarried(starts[i]!, inner);
    Object.assign(tensor, { node: inner.node, fill: null });
  });
  const [index, condition] = [graph.name(), graph.name()];
  variables.set(statement.variable, { kind: 'scalar', type: 'int', known: null, node: index });

  const { operators, result: rows } = graph.inBody(() => {
    if (run.execute(statement.body, { code: frame.code, variables }))
      invalidModel('returns from a loop over an unknown number of steps');
    let next = 0;
    const end = (after: Value, what: string): void => {
      const own = carried[next++]!;
      own.end = graph.add('Identity', [endOf(own.inner, after, what)]);
    };
    for (const name of names) forEachCarried(frame.variables.get(name)!, variables.get(name)!, name, end);
    for (const tensor of tensors) end(tensor, 'a tensor that is written to');
    return [...loop.appended].map(([list, item]) => ({
      list,
      item,
      node: graph.add('Identity', [nodeOf(item)]),
    }));
  });
  run.loops.pop();

  const body = {
    inputs: [index, condition, ...carried.map(({ inner }) => inner.node)],
    operators,
    outputs: [condition, ...carried.map(({ end }) => end), ...rows.map(({ node }) => node)],
  };
  const outputs = graph.addLoop(
    'Loop',
    [scalarNode(graph, count), '', ...carried.map(({ start }) => start)],
    carried.length + rows.length,
    body,
  );
  let next = 0;
  const outerValue = (inner: Tensor | Scalar): Tensor | Scalar =>
    inner.kind === 'tensor'
      ? createTensor(outputs[next++]!, inner.type, shapeOf(inner))
      : { ...inner, node: outputs[next++]! };
  for (const name of names) frame.variables.set(name, toOuter(frame.variables.get(name)!, outerValue));
  tensors.forEach((tensor) => {
    Object.assign(tensor, { node: outputs[next++]!, fill: null });
    tensor.writes = [...tensor.writes, null];
    noteWrite(run, tensor);
  });
  rows.forEach(({ list, item }) => stackRows(list, item, outputs[next++]!, count));

  /** Values of the body in place of those from before: of tensors and numbers, in tuples, too. */
  function toInner(value: Value, name: string): Value {
    switch (value.kind) {
      case 'tensor': {
        const inner = createTensor(graph.name(), value.type, shapeOf(value));
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
  before: Value,
  after: Value,
  name: string,
  visit: (after: Value, what: string) => void,
): void {
  if (before.kind === 'tensor' || before.kind === 'scalar') visit(after, name);
  else if (before.kind === 'tuple') {
    if (after.kind !== 'tuple' || after.items.length !== before.items.length)
      invalidModel(`an iteration changes the items of ${JSON.stringify(name)}`);
    else before.items.forEach((item, i) => forEachCarried(item, after.items[i]!, name, visit));
  } else if (before !== after)
    invalidModel(`an iteration replaces ${JSON.stringify(name)}, which is a ${describe(before)}`);
}

/** The value after an iteration, of the same type and shape as before it. */
function endOf(inner: Tensor | Scalar, after: Value, name: string): string {
  if (after.kind !== inner.kind)
    return invalidModel(`an iteration makes ${JSON.stringify(name)} a ${describe(after)}`);
  if (inner.kind === 'scalar') {
    const scalar = after as Scalar;
    if (scalar.type !== inner.type || scalar.known !== null)
      return invalidModel(`an iteration changes the type of ${JSON.stringify(name)}`);
    return scalar.node;
  }
  const tensor = after as Tensor;
  const [sizes, next] = [shapeOf(inner), shapeOf(tensor)];
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
  return nodeOf(tensor);
}

function toOuter(before: Value, make: (inner: Tensor | Scalar) => Tensor | Scalar): Value {
  if (before.kind === 'tensor' || before.kind === 'scalar')
    return make(
      before.kind === 'scalar' ? { kind: 'scalar', type: before.type, known: null, node: '' } : before,
    );
  return before.kind === 'tuple'
    ? { ...before, items: before.items.map((item) => toOuter(item, make)) }
    : before;
}

/** A list that the loop has appended to: its rows are along a new first axis. */
function stackRows(list: List, item: Tensor, node: string, count: Scalar): void {
  const steps =
    count.dimension ?? invalidModel('the number of steps of the loop is not the size of a tensor');
  list.stacked = { tensor: createTensor(node, item.type, [steps, ...shapeOf(item)]), axis: 0, count };
}
