import type { Evaluation } from './evaluate-graph.ts';

/**
 * Whether an input has the lengths of sequences: recurrences' sequence_lens follow it, and are all their steps where it
 * is the whole length, whatever is computed on the way.
 * @param full the whole length
 * @param evaluate evaluates the graph with all the input's numbers set to one
 */
export function isLengths(full: number, evaluate: (length: number) => Evaluation): boolean {
  const [whole, shorter] = [evaluate(full), evaluate(Math.max(0, full - 3))].map(
    ({ recurrences }) => recurrences,
  );
  const following = whole!.filter(
    ({ lengths }, i) => lengths?.values.join() !== shorter![i]!.lengths?.values.join(),
  );
  return (
    following.length > 0 &&
    following.every(({ lengths, steps }) => lengths!.values.every((length) => length === steps))
  );
}
