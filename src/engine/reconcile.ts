import type { NetworkCounts } from './dispatch.ts';

/**
 * Sequences that are counted in one place and missing in another: every sequence that has not ended is waiting, running or
 * paused, once, and counted for its network. Anything but 0 is a fault: a slot that is never given back, or a sequence
 * that is never answered.
 */
export function countUnreconciled(
  alive: Iterable<{ readonly network: number }>,
  placed: ReadonlyMap<number, NetworkCounts>,
): number {
  const difference = new Map<number, number>();
  const count = (network: number, by: number): void =>
    void difference.set(network, (difference.get(network) ?? 0) + by);
  for (const { network } of alive) count(network, 1);
  for (const [network, { waiting, running, paused }] of placed) count(network, -(waiting + running + paused));
  return [...difference.values()].reduce((sum, by) => sum + Math.abs(by), 0);
}
