import type { CompiledOperatorGraph } from './compiled.ts';
import { canonicaliseNan } from '../../../operators/canonical-nan.ts';
import { elementCount, type Operand, type Values } from '../../../operators/operand.ts';
import { prepareGraph, type PreparedGraph } from '../../../operators/prepare-graph.ts';
import type { RunContext } from '../layer.ts';
import { bindOperators } from './bind-operators.ts';
import { runTogether } from './run-together.ts';

// Runs an operator graph in a worker: a step of several sequences together, whole sequences one at a time. What is beside
// a sequence does not change its numbers. The graph is prepared once for each length, and for a step once for each row.

/** Numbers of the prepared lengths that are kept: 64 MB. The current length is kept whatever its size. */
const maxPreparedNumbers = 2 ** 24;

export interface StepRow {
  readonly x: ArrayLike<number>;
  readonly state: Float32Array;
}

export interface OperatorGraphRun {
  /**
   * One step of several rows. x [input's numbers] of each, state [stateFloats] of each is read and advanced.
   * @param write called with each row's output [units]
   * @param fail called for a row that has none, whose state is as before
   */
  steps(
    rows: readonly StepRow[],
    write: (index: number, output: Values) => void,
    fail: (index: number, error: unknown) => void,
  ): void;
  /** A whole sequence. x [steps · width]. @returns the output: [units], or [steps · units] */
  sequence(x: ArrayLike<number>, steps: number): Values;
}

export function createOperatorGraphRun(
  compiled: CompiledOperatorGraph,
  context: RunContext,
  scratch: number,
): OperatorGraphRun {
  const { layer, constants } = compiled;
  const preparedLengths = new Map<number, PreparedGraph>();
  const constant = (name: string): Operand => {
    const shape = layer.constants[name]!;
    const address = constants[name];
    const values =
      address === undefined
        ? new Float32Array(0)
        : context.floats().subarray(address / 4, address / 4 + elementCount(shape));
    return { kind: 'float', shape, values, known: true };
  };
  const kernel = bindOperators(compiled, context, scratch);
  const prepareOnce = (steps: number): PreparedGraph =>
    prepareGraph(layer, steps, { ...kernel, floats: Float32Array }, constant);
  const prepare = (steps: number): PreparedGraph => {
    const known = preparedLengths.get(steps);
    if (known) return known;
    const prepared = prepareOnce(steps);
    let kept = prepared.elements;
    for (const { elements } of preparedLengths.values()) kept += elements;
    for (const [oldest, { elements }] of preparedLengths) {
      if (kept <= maxPreparedNumbers) break;
      preparedLengths.delete(oldest);
      kept -= elements;
    }
    preparedLengths.set(steps, prepared);
    return prepared;
  };

  const contextAt = compiled.stateFloats - layer.input.context;
  const load = ({ input, states }: PreparedGraph, { x, state }: StepRow): void => {
    input.values.set(state.subarray(contextAt), 0);
    input.values.set(x, layer.input.context);
    let at = 0;
    for (const { from } of states) {
      from.values.set(state.subarray(at, at + from.values.length));
      at += from.values.length;
    }
  };
  const save = ({ input, states }: PreparedGraph, { state }: StepRow): void => {
    let at = 0;
    for (const { to } of states) {
      state.set(canonicaliseNan(to.values), at);
      at += to.values.length;
    }
    const own = layer.input.context;
    if (own > 0) state.set(input.values.subarray(input.values.length - own), contextAt);
  };
  /** The graph of a step, prepared for several rows; the first is that of `prepare`. */
  const ofRows: PreparedGraph[] = [];

  return {
    steps(rows, write, fail) {
      const first = prepare(1);
      const most = Math.max(1, Math.floor(maxPreparedNumbers / Math.max(1, first.elements)));
      ofRows[0] = first;
      for (let start = 0; start < rows.length; start += most) {
        const some = rows.slice(start, start + most);
        while (ofRows.length < some.length) ofRows.push(prepareOnce(1));
        const graphs = ofRows.slice(0, some.length);
        const failed = new Set<number>();
        some.forEach((row, i) => load(graphs[i]!, row));
        runTogether(graphs, (index, error) => {
          failed.add(index);
          fail(start + index, error);
        });
        some.forEach((row, i) => {
          if (failed.has(i)) return;
          save(graphs[i]!, row);
          write(start + i, canonicaliseNan(graphs[i]!.output.values));
        });
      }
    },
    sequence(x, steps) {
      const { input, output, run } = prepare(steps);
      input.values.set(x);
      run();
      return canonicaliseNan(output.values);
    },
  };
}
