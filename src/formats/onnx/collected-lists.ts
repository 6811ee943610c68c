import { getBodies } from '../../operators/get-bodies.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';

// PyTorch's exporter writes a loop that appends to a list with SequenceEmpty before it and SequenceInsert within. A list is a tensor here, its
// items along the first axis, so such a loop collects: what is appended becomes one of the loop's collected outputs.

/** Operators that only make such lists: none may be left. */
export const listOperators: ReadonlySet<string> = new Set(['SequenceEmpty', 'SequenceInsert']);

/** @throws UnrollError invalid_model for a list that is anything but what a loop collects */
export function collectLists(body: BodySpec): BodySpec {
  const collected = withoutLists(body, new Set());
  const left = findMaker(collected);
  if (left)
    invalidModel(`${left.operator} ${quote(left.outputs[0])}: a list can only be what a loop collects`);
  return collected;
}

function withoutLists(body: BodySpec, around: ReadonlySet<string>): BodySpec {
  const empty = new Set(around);
  for (const { operator, outputs } of body.operators)
    if (operator === 'SequenceEmpty') empty.add(outputs[0]!);
  const operators = body.operators.map((operator): OperatorSpec => {
    if (!operator.bodies) return operator;
    const bodies = Object.fromEntries(
      Object.entries(operator.bodies).flatMap(([name, inner]) =>
        inner ? [[name, withoutLists(inner, empty)]] : [],
      ),
    );
    return operator.operator === 'Loop'
      ? collecting({ ...operator, bodies }, empty)
      : { ...operator, bodies };
  });
  const read = new Set([...body.outputs, ...operators.flatMap(readBy)]);
  // an empty list that every loop has let go of
  return {
    ...body,
    operators: operators.filter(
      ({ operator, outputs }) => operator !== 'SequenceEmpty' || read.has(outputs[0]!),
    ),
  };
}

const readBy = (operator: OperatorSpec): string[] => [
  ...operator.inputs,
  ...getBodies(operator).flatMap(({ operators, outputs }) => [...outputs, ...operators.flatMap(readBy)]),
];

/** Inputs of a Loop: turns, condition, carried …; of its body: turn, condition, carried …; outputs of the body: condition, carried …, collected … */
function collecting(loop: OperatorSpec, empty: ReadonlySet<string>): OperatorSpec {
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
    const readers = body.operators.flatMap(readBy).filter((name) => name === list).length;
    if (empty.has(start) && by && readers === 1) appended.set(k, { item: by.inputs[1]!, by });
  });
  if (appended.size === 0) return loop;
  const carried = loop.inputs.length - 2;
  const stays = (first: number) => (_: string, i: number) => !appended.has(i - first);
  const items = [...appended];
  return {
    ...loop,
    inputs: loop.inputs.filter(stays(2)),
    outputs: [
      ...loop.outputs.filter((_, i) => i >= carried || !appended.has(i)),
      ...items.map(([k]) => loop.outputs[k] ?? ''),
    ],
    bodies: {
      body: {
        inputs: body.inputs.filter(stays(2)),
        operators: body.operators.filter((one) => !items.some(([, { by }]) => by === one)),
        outputs: [...body.outputs.filter(stays(1)), ...items.map(([, { item }]) => item)],
      },
    },
  };
}

function findMaker({ operators }: Pick<BodySpec, 'operators'>): OperatorSpec | undefined {
  for (const operator of operators) {
    if (listOperators.has(operator.operator)) return operator;
    for (const body of getBodies(operator)) {
      const found = findMaker(body);
      if (found) return found;
    }
  }
  return undefined;
}
