import { UnrollError } from '../../errors.ts';
import { canonicaliseNan } from '../../operators/canonical-nan.ts';
import { instantiate } from '../../kernel/instantiate.ts';
import { bindOperators } from '../layers/operator-graph/bind-operators.ts';
import { elementCount, NotConstant, type Operand, type Values } from '../../operators/operand.ts';
import type { PrepareContext } from '../../operators/operator.ts';
import { prepareSignedSlices, type PreparedSignedGraph } from '../../operators/prepare-signed-graph.ts';
import type { CompiledGraph } from './compiled-graph.ts';

/** Elements of the prepared graphs that are kept for the next inputs of their shapes: 64 MB. */
const maxKeptElements = 2 ** 24;

/** A tensor between threads. Row-major; FP16 and FP32 are float32, other datatypes float64. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** One evaluation of a graph, in slices of some milliseconds. */
export interface Evaluation {
  /**
   * Prepares the graph and runs it until the time is past.
   * @returns whether it has ended
   * @throws UnrollError invalid_model where the inputs do not fit the operators; TooLarge; reply_too_large
   */
  advance(until: number): boolean;
  /** The outputs, copied, once it has ended. @param indexes in the signature */
  outputs(indexes: readonly number[]): TensorValues[];
}

export interface GraphEvaluator {
  /**
   * Creates an evaluation. It must end before the next one is advanced: they share what they compute in.
   * @param maxOutputElements of the outputs at `indexes`
   */
  start(inputs: readonly TensorValues[], indexes: readonly number[], maxOutputElements: number): Evaluation;
}

/** @param scratch address of the compiled's scratch @param now a clock in milliseconds */
export function createGraphEvaluator(
  compiled: CompiledGraph,
  memory: WebAssembly.Memory,
  scratch: number,
  now: () => number,
): GraphEvaluator {
  const functions = instantiate(compiled.module, memory);
  let view = new Float32Array(memory.buffer);
  // the memory may have grown, and a view does not
  const floats = (): Float32Array =>
    view.buffer === memory.buffer ? view : (view = new Float32Array(memory.buffer));
  const context = {
    ...bindOperators(compiled, { functions, floats }, scratch),
    floats: Float32Array,
    sliced: true,
  };
  const kept = new Map<string, PreparedSignedGraph>();
  /** Graphs whose shapes depend on values are prepared for every evaluation. */
  let dependsOnValues = false;

  const constant = (name: string): Operand | undefined => {
    if (!Object.hasOwn(compiled.constantTypes, name)) return undefined;
    const { kind, shape } = compiled.constantTypes[name]!;
    const address = compiled.constants[name];
    const count = address === undefined ? 0 : elementCount(shape);
    const values =
      kind === 'float'
        ? new Float32Array(memory.buffer, address, count)
        : new Float64Array(memory.buffer, address, count);
    return { kind, shape, values, known: true };
  };

  function* prepare(
    inputs: readonly TensorValues[],
    onValue: NonNullable<PrepareContext['onValue']>,
  ): Generator<void, PreparedSignedGraph> {
    const preparing = { ...context, onValue };
    const shapes = inputs.map(({ shape }) => shape);
    const given = inputs.map(({ values }) => values);
    if (dependsOnValues) return yield* prepareSignedSlices(compiled, shapes, preparing, constant, given);
    const key = shapes.map((shape) => shape.join()).join(';');
    let prepared = kept.get(key);
    if (!prepared) {
      try {
        prepared = yield* prepareSignedSlices(compiled, shapes, preparing, constant);
      } catch (error) {
        if (!(error instanceof NotConstant)) throw error;
        const once = yield* prepareSignedSlices(compiled, shapes, preparing, constant, given);
        dependsOnValues = true;
        return once;
      }
    }
    // the one used last is at the end, and dropped last
    kept.delete(key);
    kept.set(key, prepared);
    let elements = 0;
    for (const one of kept.values()) elements += one.elements;
    for (const [oldest, one] of kept) {
      if (elements <= maxKeptElements || one === prepared) break;
      kept.delete(oldest);
      elements -= one.elements;
    }
    prepared.inputs.forEach((operand, i) => operand.values.set(given[i]!));
    return prepared;
  }

  function* evaluate(
    inputs: readonly TensorValues[],
    indexes: readonly number[],
    maxOutputElements: number,
  ): Generator<void, readonly Operand[]> {
    const checkReply = (elements: number): void => {
      if (elements > maxOutputElements)
        throw new UnrollError(
          'reply_too_large',
          `outputs: at most ${maxOutputElements} numbers in a reply (UNROLL_MAX_REPLY_BYTES), these are ${elements}`,
        );
    };
    const asked = new Set(indexes.map((i) => compiled.signature.outputs[i]!.value));
    const { outputs, slices } = yield* prepare(inputs, (name, { shape }) => {
      if (asked.has(name)) checkReply(elementCount(shape));
    });
    checkReply(indexes.reduce((sum, i) => sum + elementCount(outputs[i]!.shape), 0));
    yield* slices();
    return outputs;
  }

  return {
    start(inputs, indexes, maxOutputElements) {
      const evaluating = evaluate(inputs, indexes, maxOutputElements);
      let outputs: readonly Operand[] = [];
      return {
        advance(until) {
          do {
            const { done, value } = evaluating.next();
            if (done) {
              outputs = value;
              return true;
            }
          } while (now() <= until);
          return false;
        },
        outputs: (wanted) =>
          wanted.map((i) => ({
            shape: outputs[i]!.shape,
            values: canonicaliseNan(outputs[i]!.values.slice()),
          })),
      };
    },
  };
}
