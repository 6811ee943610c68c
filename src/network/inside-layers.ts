import { findNeededNodes } from './layout.ts';
import type { CompiledNetwork } from './compile-network.ts';
import type { Direction, InsideLayer } from './inside.ts';

/** The layers of a network whose values can be reported. @param names of its nodes */
export function listInsideLayers(compiled: CompiledNetwork, names: readonly string[]): InsideLayer[] {
  const needed = findNeededNodes(compiled);
  return compiled.nodes.flatMap((compiledNode, node) => {
    // a layer that nothing reads does not run
    if (compiledNode.kind !== 'recurrent' || !needed.has(node)) return [];
    const { units, hasCellState, gates, backward } = compiledNode;
    const directions: Direction[] = backward ? ['forward', 'backward'] : ['forward'];
    const gateNames = gates.map(({ name }) => name);
    return [{ name: names[node]!, node, units, directions, hasCellState, gates: gateNames }];
  });
}
