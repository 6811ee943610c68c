import type { ScriptObject } from '../../pytorch/pickle-values.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import type { Expression } from '../code/syntax.ts';
import { asScalar, createList, scalarNode } from '../tensor-values.ts';
import { bool, describe, float, int, none, type Scalar, type Value } from '../values.ts';
import { unsqueeze } from '../operators/shape.ts';
import { select } from '../operators/slicing.ts';
import { callValue } from './calls.ts';
import { countStep, unsupported, type Frame, type Run } from './run.ts';

// Evaluates expressions. Names that are not variables are torch, ops, CONSTANTS, __torch__ and a few built-ins.

export function evaluate(run: Run, expression: Expression, frame: Frame): Value {
  countStep(run);
  const inner = (one: Expression): Value => run.evaluate(one, frame);
  switch (expression.kind) {
    case 'number':
      return expression.isFloat ? float(expression.value) : int(expression.value);
    case 'string':
      return { kind: 'string', value: expression.value };
    case 'constant':
      return expression.value === null ? none : bool(expression.value);
    case 'list':
      return createList(run.graph, expression.items.map(inner));
    case 'tuple':
      return { kind: 'tuple', items: expression.items.map(inner), fields: null };
    case 'dict':
      return {
        kind: 'dict',
        entries: new Map(expression.entries.map(([key, value]) => [toKey(inner(key)), inner(value)])),
      };
    case 'name': {
      const value =
        frame.variables.get(expression.name) ??
        invalidModel(`the name ${quote(expression.name)} is not defined`);
      if (value.kind === 'list')
        for (const { mentions } of run.loops) mentions.set(value, (mentions.get(value) ?? 0) + 1);
      return value;
    }
    case 'attribute': {
      const path = qualifiedName(expression, frame);
      return path === null ? getAttribute(run, inner(expression.object), expression.name) : named(run, path);
    }
    case 'index':
      return getItem(run, inner(expression.object), inner(expression.index));
    case 'call':
      return evaluateCall(run, expression, frame);
  }
}

const roots = new Set(['torch', 'ops', 'CONSTANTS', '__torch__']);

/** `a.b.c` where the first name is one of the archive's or PyTorch's; null for an attribute of a value. */
function qualifiedName(expression: Expression, frame: Frame): string | null {
  if (expression.kind === 'name')
    return roots.has(expression.name) && !frame.variables.has(expression.name) ? expression.name : null;
  if (expression.kind !== 'attribute') return null;
  const before = qualifiedName(expression.object, frame);
  return before === null ? null : `${before}.${expression.name}`;
}

function named(run: Run, path: string): Value {
  const { archive } = run;
  const constant = /^CONSTANTS\.c(\d+)$/.exec(path);
  if (constant) {
    const value = archive.constants[Number(constant[1])];
    return value === undefined
      ? invalidModel(`${path} is not in constants.pkl`)
      : run.fromPickle(value, path);
  }
  const code = archive.findFunction(path);
  if (code) return { kind: 'function', code };
  const type = archive.findClass(path);
  if (type) return { kind: 'class', name: path, fields: type.attributes };
  if (/^(torch|ops\.\w+)\.\w+$/.test(path)) return { kind: 'operator', name: path };
  return invalidModel(`the archive has no ${quote(path)}`);
}

function getAttribute(run: Run, object: Value, name: string): Value {
  if (object.kind === 'module') return moduleAttribute(run, object.object, name);
  if (object.kind === 'tuple' && object.fields?.includes(name))
    return object.items[object.fields.indexOf(name)]!;
  return invalidModel(`the attribute ${quote(name)} of a ${describe(object)} is not supported`);
}

/** An attribute that was saved, a method, or a constant of the class. */
function moduleAttribute(run: Run, object: ScriptObject, name: string): Value {
  // the module is served as after eval()
  if (name === 'training') return bool(false);
  const saved = object.attributes instanceof Map ? object.attributes.get(name) : undefined;
  const type = run.archive.findClass(object.name);
  if (typeof saved === 'number' && type?.floats.has(name)) return float(saved);
  if (saved !== undefined) return run.fromPickle(saved, name);
  const method = type?.methods.get(name);
  if (method) return { kind: 'method', object, code: method };
  const constant = type?.constants.get(name);
  if (constant)
    return run.evaluate(constant, {
      code: { name, parameters: [], body: [], file: object.name, line: 0 },
      variables: new Map(),
    });
  return invalidModel(`${object.name} has no attribute ${quote(name)}`);
}

const toText = (value: Value): string =>
  value.kind === 'string'
    ? value.value
    : value.kind === 'device'
      ? 'cpu'
      : value.kind === 'scalar'
        ? String(value.known)
        : '';

const toKey = (value: Value): string | number =>
  value.kind === 'string'
    ? value.value
    : value.kind === 'scalar' && value.known !== null
      ? value.known
      : invalidModel(`a ${describe(value)} as a key of a dictionary`);

function getItem(run: Run, object: Value, index: Value): Value {
  if (object.kind === 'dict')
    return object.entries.get(toKey(index)) ?? invalidModel(`the dictionary has no ${quote(toKey(index))}`);
  if (object.kind === 'module') return moduleAttribute(run, object.object, String(toKey(index)));
  const at = asScalar(index, 'an index');
  if (object.kind === 'list' && object.stacked) {
    const { tensor, axis, keepsAxis } = object.stacked;
    const item = select(run.graph, tensor, axis, at);
    return keepsAxis ? unsqueeze(run.graph, item, axis) : item;
  }
  if (object.kind !== 'list' && object.kind !== 'tuple')
    return invalidModel(`an item of a ${describe(object)}`);
  const position = at.known === null ? null : at.known < 0 ? at.known + object.items.length : at.known;
  if (position === null) return indexByNode(run, object.items, at);
  return object.items[position] ?? invalidModel(`the index ${at.known} of ${object.items.length} items`);
}

/** An item of a list of ints, by a number that is not known. */
function indexByNode({ graph }: Run, items: readonly Value[], at: Scalar): Value {
  const numbers = items.map((item) => asScalar(item, 'an item'));
  if (numbers.some(({ known, type }) => known === null || type !== 'int'))
    return invalidModel('an item whose index depends on the input');
  const node = graph.add('Gather', [graph.ints(numbers.map(({ known }) => known!)), scalarNode(graph, at)], {
    axis: 0,
  });
  return { kind: 'scalar', type: 'int', known: null, node };
}

type CallExpression = Extract<Expression, { kind: 'call' }>;

/** Functions of the language; types are not evaluated. */
function evaluateCall(run: Run, expression: CallExpression, frame: Frame): Value {
  const { callee, args, keywords } = expression;
  const value = (i: number): Value => run.evaluate(args[i] ?? invalidModel('an argument is missing'), frame);
  if (callee.kind === 'name' && !frame.variables.has(callee.name))
    switch (callee.name) {
      case 'annotate':
      case 'unchecked_cast':
        return value(1);
      case 'uninitialized':
        return { kind: 'uninitialized' };
      case 'getattr': {
        const name = value(1);
        return getAttribute(
          run,
          value(0),
          name.kind === 'string' ? name.value : invalidModel('getattr without a name'),
        );
      }
      case 'isinstance':
        return bool(isInstance(value(0), args[1]!));
      case 'str':
        return { kind: 'string', value: toText(value(0)) };
      case 'int':
        return callOperator('Int');
      case 'float':
        return callOperator('Float');
      case 'bool':
        return callOperator('Bool');
      default:
        return unsupported(`the function ${quote(callee.name)}`);
    }
  const given = args.map((one) => run.evaluate(one, frame));
  const named = new Map(keywords.map(([name, one]) => [name, run.evaluate(one, frame)]));
  if (callee.kind === 'attribute' && callee.name === '__new__')
    return unsupported('an object of a class other than a module');
  return callValue(run, run.evaluate(callee, frame), given, named);

  function callOperator(name: string): Value {
    return callValue(run, { kind: 'operator', name: `ops.aten.${name}` }, [value(0)], new Map());
  }
}

/** Whether a value is of a type: only what tells apart the alternatives of an Optional or a Union. */
function isInstance(value: Value, type: Expression): boolean {
  const name = type.kind === 'index' ? type.object : type;
  const wanted = name.kind === 'name' ? name.name : name.kind === 'attribute' ? name.name : '';
  switch (wanted) {
    case 'Tensor':
      return value.kind === 'tensor';
    case 'List':
      return value.kind === 'list';
    case 'Tuple':
      return value.kind === 'tuple';
    case 'Dict':
      return value.kind === 'dict';
    case 'NoneType':
      return value.kind === 'none';
    case 'int':
    case 'float':
    case 'bool':
      return value.kind === 'scalar' && value.type === wanted;
    case 'str':
      return value.kind === 'string';
    default:
      return unsupported('isinstance with this type');
  }
}
