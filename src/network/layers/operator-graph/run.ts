import type { CompiledOperatorGraph } from './compiled.ts';
import { padded } from '../../../kernel/layout.ts';
import { answerOfStep } from '../../../operators/row-count.ts';
import { activeRows, type RunContext } from '../layer.ts';
import type { StepLayerRun, Tick } from '../layer-run.ts';
import { createOperatorGraphRun, type OperatorGraphRun } from './operator-graph-run.ts';

export interface OperatorGraphPlace {
  readonly x: number;
  readonly xWidth: number;
  readonly y: number;
  /** [maxRows, stateFloats] */
  readonly state: number;
  readonly scratch: number;
}

export const run: StepLayerRun<CompiledOperatorGraph, OperatorGraphPlace> = {
  acrossSteps: true,
  scratch: ({ scratchFloats }) => ({ operators: scratchFloats }),
  place: ({ stateFloats: stride, start }, { x, xWidth, y, maxRows, keptFloats, keep, causal, scratch }) => ({
    x,
    xWidth,
    y,
    state:
      stride === 0
        ? 0
        : keep({
            name: 'state',
            address: keptFloats(maxRows * stride),
            stride,
            parts: [[0, stride]],
            kept: causal,
            first: start,
          }),
    scratch: scratch('operators'),
  }),
  create(compiled, context, place) {
    const prepared = createOperatorGraphRun(compiled, context, place.scratch);
    return (tick) => runOperatorGraph(compiled, prepared, context, tick, place);
  },
};

/**
 * Runs an operator graph over the packed rows of a tick, a step of all sequences together or one sequence after the other: y [packed,
 * padded(units)]. x [packed, padded(xWidth)], or int32 ids where xWidth is 0. A graph with one output a
 * sequence writes it at the last step, and zeros before.
 */
function runOperatorGraph(
  compiled: CompiledOperatorGraph,
  run: OperatorGraphRun,
  { floats }: RunContext,
  { plan, failures }: Tick,
  at: OperatorGraphPlace,
): void {
  const { layer, stateFloats } = compiled;
  const values = floats();
  const ids = new Int32Array(values.buffer, 0, values.length);
  const width = Math.max(1, at.xWidth);
  const xStride = at.xWidth === 0 ? 1 : padded(width);
  const yStride = padded(layer.units);
  const readRow = (packed: number): ArrayLike<number> => {
    const start = at.x / 4 + packed * xStride;
    return (at.xWidth === 0 ? ids : values).subarray(start, start + width);
  };
  const writeOutput = (packed: number, from: ArrayLike<number>): void =>
    values.set(from, at.y / 4 + packed * yStride);
  const none = new Float32Array(layer.units).fill(NaN);

  if (layer.runs === 'step') {
    for (let t = 0; t < plan.steps; t++) {
      const rows = Array.from({ length: activeRows(plan, t) }, (_, row) => row).filter(
        (row) => !failures.has(row),
      );
      const place = (row: number): number => plan.offsets[t]! + row;
      run.steps(
        rows.map((row) => {
          const start = at.state / 4 + row * stateFloats;
          return { x: readRow(place(row)), state: values.subarray(start, start + stateFloats) };
        }),
        (index, output) => writeOutput(place(rows[index]!), output),
        (index, error) => recordFailure(rows[index]!, error),
      );
      for (let row = 0; row < activeRows(plan, t); row++)
        if (failures.has(row)) writeOutput(place(row), none);
    }
    return;
  }
  for (let row = 0; row < activeRows(plan, 0); row++) {
    let steps = 1;
    while (steps < plan.steps && activeRows(plan, steps) > row) steps++;
    const whole = new Float64Array(steps * width);
    for (let t = 0; t < steps; t++) whole.set(readRow(plan.offsets[t]! + row), t * width);
    const own = attempt(row, () => run.sequence(whole, steps));
    for (let t = 0; t < steps; t++) {
      const from = answerOfStep(layer.output, t, steps) * layer.units;
      if (from < 0)
        values.fill(
          0,
          at.y / 4 + (plan.offsets[t]! + row) * yStride,
          at.y / 4 + (plan.offsets[t]! + row + 1) * yStride,
        );
      else writeOutput(plan.offsets[t]! + row, own?.subarray(from, from + layer.units) ?? none);
    }
  }

  /**
   * An error of one sequence must not end the others of the tick: it is recorded, and the sequence has no
   * output.
   */
  function attempt<T>(row: number, work: () => T): T | null {
    if (failures.has(row)) return null;
    try {
      return work();
    } catch (error) {
      recordFailure(row, error);
      return null;
    }
  }

  function recordFailure(row: number, error: unknown): void {
    failures.set(row, error instanceof Error ? error.message : String(error));
  }
}
