import type { CompiledOperatorGraph } from './compiled.ts';
import { elementCount, type Operand, type Values } from '../../../operators/operand.ts';
import { prepareGraph, type PreparedGraph } from '../../../operators/prepare-graph.ts';
import type { RunContext } from '../layer.ts';
import { bindOperators } from './bind-operators.ts';

// A program layer in a worker. A sequence runs by itself, so it knows no company; a program is made ready once for each length.

/** Numbers that a program holds for the lengths it stays ready for: 64 MB. The length at hand stays whatever it takes. */
const mostReady = 2 ** 24;

export interface ProgramRun {
  /** One step of one row. x [input's numbers], state [stateFloats] is read and advanced. @returns the answer [units] */
  step(x: ArrayLike<number>, state: Float32Array): Values;
  /** A whole sequence. x [steps · width]. @returns the answer: [units], or [steps · units] */
  sequence(x: ArrayLike<number>, steps: number): Values;
}

export function createProgramRun(
  program: CompiledOperatorGraph,
  context: RunContext,
  scratch: number,
): ProgramRun {
  const { layer, constants } = program;
  const ready = new Map<number, PreparedGraph>();
  const constant = (name: string): Operand => {
    const shape = layer.constants[name]!;
    const address = constants[name];
    const values =
      address === undefined
        ? new Float32Array(0)
        : context.floats().subarray(address / 4, address / 4 + elementCount(shape));
    return { kind: 'float', shape, values, known: true };
  };
  const kernel = bindOperators(program, context, scratch);
  const readyFor = (steps: number): PreparedGraph => {
    const known = ready.get(steps);
    if (known) return known;
    const prepared = prepareGraph(layer, steps, { ...kernel, floats: Float32Array }, constant);
    let held = prepared.elements;
    for (const { elements } of ready.values()) held += elements;
    for (const [oldest, { elements }] of ready) {
      if (held <= mostReady) break;
      ready.delete(oldest);
      held -= elements;
    }
    ready.set(steps, prepared);
    return prepared;
  };

  return {
    step(x, state) {
      const { input, states, output, run } = readyFor(1);
      const own = layer.input.context;
      const contextAt = program.stateFloats - own;
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
        state.set(to.values, at);
        at += to.values.length;
      }
      if (own > 0) state.set(input.values.subarray(input.values.length - own), contextAt);
      return output.values;
    },
    sequence(x, steps) {
      const { input, output, run } = readyFor(steps);
      input.values.set(x);
      run();
      return output.values;
    },
  };
}
