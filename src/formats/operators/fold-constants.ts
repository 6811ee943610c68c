import { UnrollError } from '../../errors.ts';
import { shapeSweeps } from '../../operators/analysis/evaluate-graph.ts';
import { NotConstant, type Operand } from '../../operators/operand.ts';
import type { PrepareContext } from '../../operators/operator.ts';
import { prepareBody, prepareOperator } from '../../operators/prepare-operator.ts';
import { getBodies, keepNeeded, listReads } from '../../operators/get-bodies.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';

// Constant folding: whatever follows from constants and known shapes is computed at import: shapes, branches,
// transposed weights.

/** A value of the graph; null when its shape depends on the shapes or values of the inputs. */
type Value = Operand | null;

/**
 * Limit on the elements of a folded value larger than its inputs, so that a graph stays about as large as its
 * file.
 */
const maxFoldedElements = 2 ** 22;

export interface FoldedGraph {
  readonly operators: readonly OperatorSpec[];
  readonly outputs: readonly string[];
  /** Constants that the operators read. */
  readonly constants: ReadonlyMap<string, Operand>;
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * Folds the constants of a graph.
 * @param inputs the graph's inputs; null for unknown shapes
 * @throws UnrollError invalid_model when an operator does not fit its inputs
 */
export function foldConstants(
  graph: BodySpec,
  inputs: ReadonlyMap<string, Value>,
  constants: ReadonlyMap<string, Operand>,
): FoldedGraph {
  const values = new Map<string, Value>([...constants, ...inputs]);
  const context = createFoldContext();
  const createScope =
    (inner: ReadonlyMap<string, Value>, around: (name: string) => Value | undefined) => (name: string) =>
      inner.has(name) ? inner.get(name) : around(name);

  /**
   * Returns the remaining operators of a body; `rename` maps names of folded operators to the values they
   * return.
   */
  const foldBody = (
    body: BodySpec,
    around: (name: string) => Value | undefined,
    rename: Map<string, string>,
    made: Map<string, Value>,
  ): OperatorSpec[] => {
    const scope = createScope(made, around);
    const remaining: OperatorSpec[] = [];
    const final = (name: string): string => rename.get(name) ?? name;
    for (const given of body.operators) {
      const operator = { ...given, inputs: given.inputs.map(final) };
      const condition = operator.operator === 'If' ? scope(operator.inputs[0]!) : undefined;
      if (condition?.known) {
        const taken = operator.bodies?.[condition.values[0] ? 'then_branch' : 'else_branch'];
        if (!taken) throw new UnrollError('invalid_model', 'an If without a branch');
        remaining.push(...foldBody(taken, around, rename, made));
        operator.outputs.forEach((name, i) => rename.set(name, final(taken.outputs[i] ?? '')));
        continue;
      }
      const drops = operator.operator === 'Dropout' && (operator.inputs[2] ?? '') === '';
      if (operator.operator === 'Identity' || drops) {
        rename.set(operator.outputs[0]!, operator.inputs[0]!);
        if (!operator.outputs[1]) continue;
      }
      const outputs = computeOperands(operator, scope, final);
      operator.outputs.forEach((name, i) => name !== '' && made.set(name, outputs?.[i] ?? null));
      if (outputs?.every(({ known, values: { length } }) => known && length <= maxFoldedElements)) continue;
      // too large to fold: it is computed at run time, so it must not count as known
      operator.outputs.forEach(
        (name, i) => outputs?.[i]?.known && made.set(name, { ...outputs[i], known: false }),
      );
      remaining.push({
        ...operator,
        ...(operator.bodies && { bodies: foldBodies(operator, scope, rename) }),
      });
    }
    return remaining;
  };

  const computeOperands = (
    operator: OperatorSpec,
    scope: (name: string) => Value | undefined,
    final: (name: string) => string,
  ): readonly Operand[] | null => {
    const lookUp = (name: string): Operand | undefined => scope(final(name)) ?? undefined;
    if (operator.inputs.some((name) => name !== '' && scope(name) === null)) return null;
    if (operator.bodies && [...listCaptured(operator)].some((name) => scope(final(name)) === null))
      return null;
    const preparing: PrepareContext = {
      ...context,
      body: (body, given) => prepareBody(body, given, lookUp, context),
    };
    try {
      const { outputs, run } = prepareOperator(operator, lookUp, preparing);
      if (outputs.every(({ known }) => known)) run?.();
      return outputs;
    } catch (error) {
      if (error instanceof NotConstant) return null;
      throw error;
    }
  };

  const foldBodies = (
    operator: OperatorSpec,
    scope: (name: string) => Value | undefined,
    rename: Map<string, string>,
  ): Record<string, BodySpec> =>
    Object.fromEntries(
      Object.entries(operator.bodies ?? {}).flatMap(([name, body]) => {
        if (!body) return [];
        const own = new Map<string, Value>(body.inputs.map((input) => [input, null]));
        const operators = foldBody(body, scope, rename, own);
        for (const [value, operand] of own) if (operand?.known) values.set(value, operand);
        return [
          [name, { ...body, operators, outputs: body.outputs.map((output) => rename.get(output) ?? output) }],
        ];
      }),
    );

  const rename = new Map<string, string>();
  const remaining = foldBody(graph, (name) => values.get(name), rename, values);
  const outputs = graph.outputs.map((name) => rename.get(name) ?? name);
  const operators = keepNeeded(remaining, outputs);
  const read = new Set([...outputs, ...operators.flatMap(listReads)]);
  return {
    operators,
    outputs,
    constants: new Map(
      [...values].flatMap(([name, value]) => (value?.known && read.has(name) ? [[name, value]] : [])),
    ),
    values,
  };
}

/** Creates the context of shape inference: recurrent operators and products are not computed. */
function createFoldContext(): Omit<PrepareContext, 'body'> {
  return {
    floats: Float32Array,
    usage: { elements: 0, work: 0 },
    product: () => null,
    sweeps: shapeSweeps,
  };
}

/** Lists the outer values that an operator's bodies use. */
function listCaptured(operator: OperatorSpec): Set<string> {
  const captured = new Set<string>();
  for (const body of getBodies(operator)) {
    const own = new Set(body.inputs);
    for (const operator of body.operators) {
      for (const name of [...operator.inputs, ...listCaptured(operator)])
        if (name !== '' && !own.has(name)) captured.add(name);
      for (const name of operator.outputs) own.add(name);
    }
    for (const name of body.outputs) if (!own.has(name)) captured.add(name);
  }
  return captured;
}
