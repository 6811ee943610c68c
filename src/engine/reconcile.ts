import type { NetworkCounts } from './dispatch.ts';

/**
 * Compares the sequences that have not ended with those that the dispatcher counts as waiting, running or
 * paused, by network.
 * @returns the sum of the differences; anything but 0 is a fault: a slot that is never freed, or a sequence
 * that never ends
 */
export function countUnreconciled(
  active: Iterable<{ readonly network: number }>,
  counted: ReadonlyMap<number, NetworkCounts>,
): number {
  const difference = new Map<number, number>();
  const count = (network: number, by: number): void =>
    void difference.set(network, (difference.get(network) ?? 0) + by);
  for (const { network } of active) count(network, 1);
  for (const [network, { waiting, running, paused }] of counted)
    count(network, -(waiting + running + paused));
  return [...difference.values()].reduce((sum, by) => sum + Math.abs(by), 0);
}
