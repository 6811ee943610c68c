import type { Evaluation } from '../../operators/analysis/evaluate-graph.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

/**
 * Replaces an If whose condition follows from shapes and constants by the operators of the branch that is taken: PyTorch
 * writes `squeeze` so. Names are unique across branches.
 * @param evaluations for two lengths
 */
export const inlineBranches = (
  operators: readonly OperatorSpec[],
  evaluations: readonly Evaluation[],
): OperatorSpec[] =>
  operators.flatMap((operator) => {
    if (operator.operator !== 'If') return [operator];
    const [first, second] = evaluations.map(({ operand }) => operand(operator.inputs[0]!));
    if (!first?.known || !second?.known || first.values[0] !== second.values[0]) return [operator];
    const branch = operator.bodies?.[first.values[0] ? 'then_branch' : 'else_branch'];
    if (!branch) return [operator];
    return [
      ...inlineBranches(branch.operators, evaluations),
      ...operator.outputs.flatMap((name, i): OperatorSpec[] =>
        name === '' ? [] : [{ operator: 'Identity', inputs: [branch.outputs[i]!], outputs: [name] }],
      ),
    ];
  });
