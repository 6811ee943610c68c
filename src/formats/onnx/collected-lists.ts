import { getBodies, listReads } from '../../operators/get-bodies.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';

// PyTorch's exporter writes a loop that appends to a list as SequenceEmpty before the loop and SequenceInsert
// in its body. Here a list is a tensor with the items along the first axis: the appended value becomes a scan
// output of the loop.

/** Operators that create lists; all of them must be converted. */
export const listOperators: ReadonlySet<string> = new Set(['SequenceEmpty', 'SequenceInsert']);

/**
 * Converts lists in a graph and in its bodies.
 * @throws UnrollError invalid_model for any other use of a list
 */
export function collectLists(body: BodySpec): BodySpec {
  const collected = removeLists(body, new Set());
  const unsupported = findListOperator(collected);
  if (unsupported)
    invalidModel(
      `${unsupported.operator} ${quote(unsupported.outputs[0])}: a list must be collected by a loop`,
    );
  return collected;
}

function removeLists(body: BodySpec, around: ReadonlySet<string>): BodySpec {
  const empty = new Set(around);
  for (const { operator, outputs } of body.operators)
    if (operator === 'SequenceEmpty') empty.add(outputs[0]!);
  const operators = body.operators.map((operator): OperatorSpec => {
    if (!operator.bodies) return operator;
    const bodies = Object.fromEntries(
      Object.entries(operator.bodies).flatMap(([name, inner]) =>
        inner ? [[name, removeLists(inner, empty)]] : [],
      ),
    );
    return operator.operator === 'Loop'
      ? collectInLoop({ ...operator, bodies }, empty)
      : { ...operator, bodies };
  });
  const read = new Set([...body.outputs, ...operators.flatMap(listReads)]);
  // drop empty lists that no loop uses any more
  return {
    ...body,
    operators: operators.filter(
      ({ operator, outputs }) => operator !== 'SequenceEmpty' || read.has(outputs[0]!),
    ),
  };
}

/**
 * Inputs of a Loop: count, condition, carried …; of its body: index, condition, carried …; outputs of the
 * body: condition, carried …, scanned …
 */
function collectInLoop(loop: OperatorSpec, empty: ReadonlySet<string>): OperatorSpec {
  const body = loop.bodies?.body;
  if (!body) return loop;
  const appended = new Map<number, { readonly item: string; readonly by: OperatorSpec }>();
  loop.inputs.slice(2).forEach((start, k) => {
    const list = body.inputs[2 + k];
    const by = body.operators.find(
      ({ operator, inputs, outputs }) =>
        operator === 'SequenceInsert' &&
        inputs[0] === list &&
        !inputs[2] &&
        outputs[0] === body.outputs[1 + k],
    );
    const readers = body.operators.flatMap(listReads).filter((name) => name === list).length;
    if (empty.has(start) && by && readers === 1) appended.set(k, { item: by.inputs[1]!, by });
  });
  if (appended.size === 0) return loop;
  const carried = loop.inputs.length - 2;
  const isCarried = (first: number) => (_: string, i: number) => !appended.has(i - first);
  const items = [...appended];
  return {
    ...loop,
    inputs: loop.inputs.filter(isCarried(2)),
    outputs: [
      ...loop.outputs.filter((_, i) => i >= carried || !appended.has(i)),
      ...items.map(([k]) => loop.outputs[k] ?? ''),
    ],
    bodies: {
      body: {
        inputs: body.inputs.filter(isCarried(2)),
        operators: body.operators.filter((one) => !items.some(([, { by }]) => by === one)),
        outputs: [...body.outputs.filter(isCarried(1)), ...items.map(([, { item }]) => item)],
      },
    },
  };
}

function findListOperator({ operators }: Pick<BodySpec, 'operators'>): OperatorSpec | undefined {
  for (const operator of operators) {
    if (listOperators.has(operator.operator)) return operator;
    for (const body of getBodies(operator)) {
      const found = findListOperator(body);
      if (found) return found;
    }
  }
  return undefined;
}
