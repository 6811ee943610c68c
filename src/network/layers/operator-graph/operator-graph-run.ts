import type { CompiledOperatorGraph } from './compiled.ts';
import { canonicaliseNan } from '../../../operators/canonical-nan.ts';
import { elementCount, type Operand, type Values } from '../../../operators/operand.ts';
import { prepareGraph, type PreparedGraph } from '../../../operators/prepare-graph.ts';
import type { RunContext } from '../layer.ts';
import { bindOperators } from './bind-operators.ts';

// Runs an operator graph in a worker, one sequence at a time, so that a batch cannot change its numbers. The
// graph is prepared once for each length.

/** Numbers of the prepared lengths that are kept: 64 MB. The current length is kept whatever its size. */
const maxPreparedNumbers = 2 ** 24;

export interface OperatorGraphRun {
  /**
   * One step of one row. x [input's numbers], state [stateFloats] is read and advanced.
   * @returns the output [units]
   */
  step(x: ArrayLike<number>, state: Float32Array): Values;
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
  const prepare = (steps: number): PreparedGraph => {
    const known = preparedLengths.get(steps);
    if (known) return known;
    const prepared = prepareGraph(layer, steps, { ...kernel, floats: Float32Array }, constant);
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

  return {
    step(x, state) {
      const { input, states, output, run } = prepare(1);
      const own = layer.input.context;
      const contextAt = compiled.stateFloats - own;
      input.values.set(state.subarray(contextAt), 0);
      input.values.set(x, own);
      let at = 0;
      for (const { from } of states) {
        from.values.set(state.subarray(at, at + from.values.length));
        at += from.values.length;
      }
      run();
      at = 0;
      for (const { to } of states) {
        state.set(canonicaliseNan(to.values), at);
        at += to.values.length;
      }
      if (own > 0) state.set(input.values.subarray(input.values.length - own), contextAt);
      return canonicaliseNan(output.values);
    },
    sequence(x, steps) {
      const { input, output, run } = prepare(steps);
      input.values.set(x);
      run();
      return canonicaliseNan(output.values);
    },
  };
}
