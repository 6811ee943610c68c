import type { Tape, Variable } from './tape.ts';
import type { Graph } from '../../src/network/graph.ts';
import type { ReferenceTarget } from './reference-loss.ts';

/** weight · −ln p(labels) of one sequence, as losses/crf computes it, in float64 and in logarithms throughout. */
export function referenceCrfLoss(
  tape: Tape,
  { nodes }: Graph,
  of: (name: string) => Variable,
  scores: readonly Variable[],
  targets: readonly ReferenceTarget[],
): Variable {
  const node = nodes.at(-1)!;
  if (node.type !== 'crf') throw new TypeError('the network does not end in a crf');
  const labels = node.width;
  const [transitions, start, end] = [node.tensors.transitions, node.tensors.start, node.tensors.end].map(of);
  const at = (values: Variable, i: number): Variable => tape.slice(values, i, i + 1);
  /** ln Σ eˣ = x₀ − ln softmax(x)₀ */
  const logSum = (x: Variable): Variable => tape.sub(at(x, 0), at(tape.logSoftmax(x), 0));
  const into = Array.from({ length: labels }, (_, to) =>
    tape.concat(Array.from({ length: labels }, (__, from) => at(transitions!, from * labels + to))),
  );
  const classes = targets.map((target) => ('class' in target ? target.class : -1));

  let alpha = tape.add(start!, scores[0]!);
  let score = tape.add(at(start!, classes[0]!), at(scores[0]!, classes[0]!));
  for (let t = 1; t < scores.length; t++) {
    const before = alpha;
    const [from, to] = [classes[t - 1]!, classes[t]!];
    alpha = tape.add(tape.concat(into.map((column) => logSum(tape.add(before, column)))), scores[t]!);
    score = tape.add(score, tape.add(at(transitions!, from * labels + to), at(scores[t]!, to)));
  }
  score = tape.add(score, at(end!, classes.at(-1)!));
  return tape.scale(tape.sub(logSum(tape.add(alpha, end!)), score), targets[0]!.weight);
}
