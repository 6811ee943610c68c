import { invalidModel, quote } from '../../format-errors.ts';
import { createCall, type Call } from '../call.ts';
import { isSame } from '../dimensions.ts';
import { findOperator } from '../operators/table.ts';
import {
  createTensor,
  getItems,
  nodeAs,
  countDimensions,
  getShape,
  getSize,
  vectorNode,
} from '../tensor-values.ts';
import { describe, int, none, type List, type Scalar, type Tensor, type Value } from '../values.ts';
import { write } from '../views.ts';
import { noteWrite } from './loop-writes.ts';
import { unsupported, type Run } from './run.ts';

// Calls: of methods and functions, which are inlined, and of operators.

export function callValue(
  run: Run,
  callee: Value,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): Value {
  switch (callee.kind) {
    case 'method':
      return run.callFunction(callee.code, [{ kind: 'module', object: callee.object }, ...args], keywords);
    case 'function':
      return run.callFunction(callee.code, args, keywords);
    case 'class':
      return args.length === callee.fields.length && keywords.size === 0
        ? { kind: 'tuple', items: args, fields: callee.fields }
        : invalidModel(
            `${args.length} arguments for ${callee.fields.length} fields of ${quote(callee.name)}`,
          );
    case 'operator':
      return callOperator(run, callee.name, args, keywords);
    default:
      return invalidModel(`calls a ${describe(callee)}`);
  }
}

/** Operators of these namespaces have the same names as those of torch. */
const namespaces = /^(torch|ops\.(?:prim|aten))\.(\w+)$/;

function callOperator(
  run: Run,
  path: string,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): Value {
  const name = namespaces.exec(path)?.[2];
  if (name === 'append') return append(run, args);
  if (name === '_set_item') return setItem(run, args);
  if (args.some(({ kind }) => kind === 'uninitialized')) invalidModel('reads a value that is not set');
  const own = name === undefined ? undefined : findOperator(name);
  if (own) return own[1](createCall(run, own[0], ...orderArguments(name!, args, keywords)));
  const inPlace = name?.endsWith('_') ? findInPlace(name.slice(0, -1)) : undefined;
  if (!inPlace) return unsupported(`the operator ${path}`);
  const [target] = args;
  if (target?.kind === 'list') return extend(run, target, args[1] ?? none);
  if (target?.kind !== 'tensor')
    return invalidModel(`writes to a ${target ? describe(target) : 'missing argument'}`);
  const value = inPlace[1](createCall(run, inPlace[0], args, keywords));
  if (value.kind !== 'tensor') return invalidModel(`${path} of a ${describe(value)}`);
  if (value !== target) write(run.graph, target, value, (tensor) => noteWrite(run, tensor));
  return target;
}

/** slice is of a tensor, with the axis, or of a list or string, without. */
function orderArguments(
  name: string,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): [readonly Value[], ReadonlyMap<string, Value>] {
  return name === 'slice' && args[0]?.kind !== 'tensor'
    ? [[args[0]!, none, ...args.slice(1)], keywords]
    : [args, keywords];
}

/** What an operator that ends in _ writes; copy_, fill_ and zero_ have no form that does not write. */
function findInPlace(name: string): ReturnType<typeof findOperator> {
  if (name === 'copy') return ['self src non_blocking', copied];
  if (name === 'fill') return ['self value', (call) => filled(call, call.value('value'))];
  if (name === 'zero') return ['self', (call) => filled(call, int(0))];
  return findOperator(name);
}

/** The source in the type of the target, broadcast to its shape. */
function copied({ graph, ...call }: Call): Value {
  const self = call.tensor('self');
  return broadcastTo({ graph, ...call }, self, call.tensor('src'));
}

function broadcastTo({ graph }: Call, self: Tensor, source: Tensor): Tensor {
  const sizes = getShape(self);
  self.type.kind ??= source.type.kind;
  const node = nodeAs(graph, source, self.type.kind);
  const fits =
    countDimensions(source) === sizes.length && getShape(source).every((size, i) => isSame(size, sizes[i]!));
  const wide = fits
    ? node
    : graph.add('Expand', [
        node,
        vectorNode(
          graph,
          sizes.map((_, i) => getSize(graph, self, i)),
        ),
      ]);
  return createTensor(wide, self.type, sizes, { fill: source.fill });
}

function filled(call: Call, value: Value): Value {
  const self = call.tensor('self');
  if (value.kind !== 'scalar' && value.kind !== 'tensor')
    return invalidModel(`fills with a ${describe(value)}`);
  const source =
    value.kind === 'tensor'
      ? value
      : createTensor(nodeAs(call.graph, value, self.type.kind ?? 'float'), self.type, [], {
          fill: value.known,
        });
  return broadcastTo(call, self, source);
}

/** Appends an item; in a loop over the steps, to a list from before it, it becomes a row for each step. */
function append(run: Run, [list, item]: readonly Value[]): Value {
  if (list?.kind !== 'list' || item === undefined)
    return invalidModel(`appends to a ${list ? describe(list) : 'missing argument'}`);
  const { depth } = run.graph;
  if (list.depth === depth) {
    if (list.stacked) invalidModel('appends to a list of an unknown number of items');
    list.items.push(item);
    return list;
  }
  const loop = run.loops.at(-1);
  if (!loop || list.depth !== depth - 1 || item.kind !== 'tensor')
    return invalidModel(`appends a ${describe(item)} to a list from before the loops around it`);
  if (list.stacked || loop.appended.has(list) || loop.written.has(list))
    invalidModel('a loop over the steps can append one tensor to a list at each step');
  loop.appended.set(list, item);
  return list;
}

function extend(run: Run, list: List, items: Value): Value {
  for (const item of getItems(items, 'the items')) append(run, [list, item]);
  return list;
}

function setItem(run: Run, [container, key, item]: readonly Value[]): Value {
  if (!container || !key || !item) return invalidModel('an argument is missing');
  const known = (key as Scalar).known;
  if (container.kind === 'dict') {
    if (run.graph.depth > 0) invalidModel('changes a dictionary in a loop over an unknown number of steps');
    container.entries.set(
      key.kind === 'string' ? key.value : (known ?? invalidModel(`a ${describe(key)} as a key`)),
      item,
    );
    return none;
  }
  if (container.kind !== 'list' || container.stacked || key.kind !== 'scalar' || known === null)
    return invalidModel(`sets an item of a ${describe(container)} whose place is not known`);
  const at = known < 0 ? known + container.items.length : known;
  if (!(at in container.items)) invalidModel(`the index ${known} of ${container.items.length} items`);
  noteWrite(run, container);
  container.items[at] = item;
  return none;
}
