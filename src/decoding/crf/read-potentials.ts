import { createCrfPotentials, type CrfPotentials } from './potentials.ts';
import { networkInputs, resolveNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';

/**
 * Reads the CRF that a network ends in; null where its last layer is another. The weights are checked
 * already.
 */
export function readCrfPotentials(spec: NetworkSpec, weights: Weights): CrfPotentials | null {
  const { input, source } = networkInputs(spec, weights);
  const last = resolveNetwork(spec, input, source).graph.nodes.at(-1)!;
  if (last.type !== 'crf') return null;
  const [transitions, start, end] = [last.tensors.transitions, last.tensors.start, last.tensors.end].map(
    // copies: the weights may be views of the whole file
    (name) => weights.get(name)!.values.slice(),
  );
  return createCrfPotentials({ labels: last.width, transitions: transitions!, start: start!, end: end! });
}
