import { invalidModel, quote } from '../../format-errors.ts';
import { isKind, type PickleValue } from '../../pytorch/pickle-values.ts';
import type { Archive } from '../archive.ts';
import type { FunctionCode } from '../code/syntax.ts';
import { createGraph, type Graph } from '../graph.ts';
import { createList, createTensor } from '../tensor-values.ts';
import { bool, float, int, none, type Tensor, type Value } from '../values.ts';
import { evaluate } from './expressions.ts';
import { inCall, type Frame, type Run } from './run.ts';
import { execute } from './statements.ts';

/** Starts an interpretation of an archive's code. */
export function createRun(archive: Archive): Run {
  const graph = createGraph();
  const run: Run = {
    archive,
    graph,
    batches: [],
    tensors: new Map(),
    loops: [],
    steps: 0,
    calls: 0,
    evaluate: (expression, frame) => evaluate(run, expression, frame),
    execute: (statements, frame) => execute(run, statements, frame),
    callFunction: (code, args, keywords) => callFunction(run, code, args, keywords),
    fromPickle: (value, name) => fromPickle(run, value, name),
  };
  return run;
}

function callFunction(
  run: Run,
  code: FunctionCode,
  args: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
): Value {
  const { parameters } = code;
  if (args.length > parameters.length)
    invalidModel(`${args.length} arguments for ${parameters.length} parameters of ${quote(code.name)}`);
  const variables = new Map<string, Value>();
  const frame: Frame = { code, variables };
  return inCall(run, () => {
    parameters.forEach(({ name, fallback }, i) => {
      const given = args[i] ?? keywords.get(name) ?? (fallback ? run.evaluate(fallback, frame) : undefined);
      variables.set(
        name,
        given ?? invalidModel(`the argument ${quote(name)} of ${quote(code.name)} is missing`),
      );
    });
    return run.execute(code.body, frame) ?? none;
  });
}

function fromPickle(run: Run, value: PickleValue, name: string): Value {
  if (value === null) return none;
  if (typeof value === 'boolean') return bool(value);
  // a pickle does not tell 1 from 1.0 once read; whole numbers are ints
  if (typeof value === 'number') return Number.isInteger(value) ? int(value) : float(value);
  if (typeof value === 'string') return { kind: 'string', value };
  if (Array.isArray(value))
    return createList(
      run.graph,
      value.map((item) => fromPickle(run, item, name)),
    );
  if (value instanceof Map)
    return {
      kind: 'dict',
      entries: new Map(
        [...value].map(([key, item]) => [
          typeof key === 'string' || typeof key === 'number'
            ? key
            : invalidModel(`${name}: a key that is neither a string nor an int`),
          fromPickle(run, item, name),
        ]),
      ),
    };
  if (isKind(value, 'object')) return { kind: 'module', object: value };
  if (!isKind(value, 'tensor'))
    return invalidModel(`the attribute ${quote(name)} has a value that is not supported`);
  const known = run.tensors.get(value);
  if (known) return known;
  const tensor = readTensor(run.graph, run.archive.readTensor(value, name));
  run.tensors.set(value, tensor);
  return tensor;
}

function readTensor(graph: Graph, { type, shape, values }: ReturnType<Archive['readTensor']>): Tensor {
  const kind = type === 'bool' ? 'bool' : values instanceof Float32Array ? 'float' : 'int';
  return createTensor(graph.constant({ kind, shape, values }), kind, shape, { attribute: true });
}
