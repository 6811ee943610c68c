import { UnrollError } from '../../errors.ts';
import { invalidOperator, type Operand } from '../operand.ts';
import type { SignatureTensor, SignedGraph } from '../signature.ts';
import { createInput, evaluateGraph, runsBesideTime, type Evaluation } from './evaluate-graph.ts';
import { shapeFor, type InputAxis, type ViewInput, type ViewSettings } from './sequence-view.ts';

// Which open axes of a graph's inputs are batch and which are time. Every assignment is tried by computing the
// shapes of all values for several sizes: sizes that belong together must fit, and a recurrence must run along
// time, never along batch. So every operator's own rule for shapes decides, not the name of an axis.

/** One assignment of roles to the axes of all inputs. */
export interface AxisPlan {
  readonly inputs: readonly ViewInput[];
  /** Two lengths that the graph accepts; equal where no axis is time. */
  readonly lengths: readonly [number, number];
  /** Whether a recurrence's number of iterations grows with the time axis. */
  readonly recurs: boolean;
}

/** Lengths that are tried: windows and strides may need many steps. */
const triedLengths = [13, 97, 1601] as const;
/** Shapes computed for one graph: its axes come from a file. */
const maxTrials = 600;
const maxSymbols = 8;
const maxSizes = 32;

/** An axis before its role is known: an open one by its symbol, equal symbols are equal sizes. */
type PlannedAxis = InputAxis | { readonly symbol: string };

/**
 * Lists the assignments that the graph's shapes allow.
 * @throws UnrollError invalid_model with the reason where there is none
 */
export function planAxes(
  graph: SignedGraph,
  settings: ViewSettings,
  set: ReadonlyMap<string, Operand>,
): AxisPlan[] {
  const tensors = graph.signature.inputs.filter(({ value }) => !set.has(value));
  const planned = tensors.map(
    (tensor): readonly PlannedAxis[] =>
      settings.axes?.[tensor.name] ?? planInput(tensor, settings.shapes[tensor.name]),
  );
  const symbols = [
    ...new Set(
      planned.flatMap((axes) => axes.flatMap((axis) => (typeof axis === 'object' ? axis.symbol : []))),
    ),
  ];
  if (symbols.length > maxSymbols)
    invalidOperator(`its inputs have ${symbols.length} open axes, the limit is ${maxSymbols}`);
  const trial = createTrials(graph, set, settings.steps);
  const plansWith = (sizes: ReadonlyMap<string, number>): AxisPlan[] =>
    [...listRoles(symbols.filter((symbol) => !sizes.has(symbol)))].flatMap((roles) => {
      const inputs = tensors.map((tensor, i): ViewInput => ({
        ...tensor,
        axes: planned[i]!.map((axis) =>
          typeof axis === 'object' ? (sizes.get(axis.symbol) ?? roles.get(axis.symbol)!) : axis,
        ),
      }));
      return inputs.every(({ axes }) => hasOneOfEach(axes)) ? (trial.plan(inputs) ?? []) : [];
    });
  let plans = plansWith(new Map());
  // an axis may be open though only one size fits: that of a matrix, or 1
  if (plans.length === 0)
    plans = symbols.flatMap((symbol) => {
      const fitting = [...listSizes(graph)].map((size) => plansWith(new Map([[symbol, size]])));
      const [only, ...more] = fitting.filter((list) => list.length > 0);
      return more.length === 0 ? (only ?? []) : [];
    });
  const recurring = plans.filter(({ recurs }) => recurs);
  if (recurring.length > 0) return recurring;
  return plans.length > 0 ? plans : explainNoPlan(trial, tensors, planned, symbols);
}

function planInput({ name, shape }: SignatureTensor, given: readonly number[] | undefined): PlannedAxis[] {
  if (given) {
    if (given.filter((size) => size === -1).length > 1)
      invalidOperator(`graph.shapes.${name}: contains more than one −1`);
    if (shape && given.length !== shape.length)
      invalidOperator(`graph.shapes.${name}: has ${given.length} sizes, the input has ${shape.length}`);
    given.forEach((size, i) => {
      const own = shape?.[i];
      if (typeof own === 'number' && size !== own && size !== -1)
        invalidOperator(`graph.shapes.${name}: size ${size} of axis ${i}, which is ${own} in the file`);
    });
    return given.map((size) => (size === -1 ? 'time' : size));
  }
  if (!shape) return invalidOperator(`the input ${JSON.stringify(name)} has no shape: set graph.shapes`);
  return shape.map((size, i) =>
    typeof size === 'number' ? size : { symbol: size === null || size === '' ? `${name}[${i}]` : size },
  );
}

function* listRoles(symbols: readonly string[]): Generator<ReadonlyMap<string, 'batch' | 'time'>> {
  for (let bits = 0; bits < 2 ** symbols.length; bits++)
    // the first axis is batch in the first assignment
    yield new Map(symbols.map((symbol, i) => [symbol, (bits >> i) & 1 ? 'time' : 'batch'] as const));
}

const hasOneOfEach = (axes: readonly InputAxis[]): boolean =>
  axes.filter((axis) => axis === 'batch').length <= 1 && axes.filter((axis) => axis === 'time').length <= 1;

/** Sizes that an open axis may have to have: those of constants. */
function listSizes({ constants }: SignedGraph): Set<number> {
  const sizes = new Set([1]);
  for (const { shape } of constants.values())
    for (const size of shape) if (size > 1 && sizes.size < maxSizes) sizes.add(size);
  return sizes;
}

/** Computes shapes for roles, within a limit on their number. */
function createTrials(graph: SignedGraph, set: ReadonlyMap<string, Operand>, only: number | undefined) {
  let trials = 0;
  let failure: UnrollError | null = null;
  const attempt = (
    inputs: readonly ViewInput[],
    sizes: (input: ViewInput) => number[],
  ): Evaluation | null => {
    if (++trials > maxTrials) return null;
    try {
      const operands = inputs.map(
        (input) => [input.value, createInput(input, sizes(input), () => 0)] as const,
      );
      return evaluateGraph(graph, new Map([...set, ...operands]), 'shapes');
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
      return null;
    }
  };
  return {
    attempt,
    failure: () => failure,
    plan(inputs: readonly ViewInput[]): AxisPlan | null {
      const at = (batch: number, steps: number) => attempt(inputs, (input) => shapeFor(input, batch, steps));
      const hasRole = (role: InputAxis): boolean => inputs.some(({ axes }) => axes.includes(role));
      const first = (only === undefined ? triedLengths : [only]).find((steps) => at(2, steps));
      if (first === undefined) return null;
      const base = at(2, first)!;
      const iterations = base.recurrences.map(({ steps }) => steps);
      const count = ({ recurrences }: Evaluation): string => recurrences.map(({ steps }) => steps).join();
      const wider = hasRole('batch') ? at(3, first) : base;
      if (!wider || count(wider) !== count(base)) return null;
      if (!hasRole('time') || only !== undefined) return { inputs, lengths: [first, first], recurs: false };
      const second = [first + 8, first * 2, first * 4].find((steps) => at(2, steps));
      if (second === undefined) return null;
      const longer = at(2, second)!;
      if (runsBesideTime(base, longer)) {
        failure ??= new UnrollError('invalid_model', 'the steps are along a recurrence’s batch axis');
        return null;
      }
      const recurs = longer.recurrences.some(({ steps }, i) => steps !== iterations[i]);
      return { inputs, lengths: [first, second], recurs };
    },
  };
}

/** @throws UnrollError invalid_model: the axes that a recurrence runs along, or the first operator that does not fit */
function explainNoPlan(
  { attempt, failure }: ReturnType<typeof createTrials>,
  tensors: readonly SignatureTensor[],
  planned: readonly (readonly PlannedAxis[])[],
  symbols: readonly string[],
): never {
  const inputs = tensors.map((tensor): ViewInput => ({ ...tensor, axes: [] }));
  const count = (sizes: (symbol: string) => number): string | undefined =>
    attempt(inputs, ({ value }) =>
      planned[tensors.findIndex((tensor) => tensor.value === value)]!.map((axis) =>
        typeof axis === 'object' ? sizes(axis.symbol) : typeof axis === 'number' ? axis : 13,
      ),
    )
      ?.recurrences.map(({ steps }) => steps)
      .join();
  for (const length of [13, 97]) {
    const base = count(() => length);
    const along = symbols.filter((symbol) => {
      const grown = count((one) => (one === symbol ? length + 8 : length));
      return base !== undefined && grown !== undefined && grown !== base;
    });
    if (along.length > 1)
      invalidOperator(
        `two candidates for time: recurrences run along ${along.map((one) => JSON.stringify(one)).join(' and ')}; graph.shapes sets the size of one`,
      );
    if (along.length === 1 && symbols.length > 2)
      invalidOperator(
        `of the axes ${symbols.map((one) => JSON.stringify(one)).join(', ')} one is neither batch nor time; graph.shapes sets its size`,
      );
  }
  throw (
    failure() ??
    new UnrollError(
      'invalid_model',
      'no assignment of its open axes to batch and time fits; set graph.shapes',
    )
  );
}
