import type { NetworkInput } from '../../src/network/input.ts';
import { features, ids, type network } from '../../test/network/random-network.ts';
import type { Random } from '../random.ts';

type Layers = Parameters<typeof network>[0];

/**
 * Random stacks of recurrent layers of any cell and width, from ids or features to one output or one a step.
 */
export function randomLayers(random: Random): { layers: Layers; input: NetworkInput; causal: boolean } {
  const vocabulary = random.int(2, 40);
  const input = random.chance(0.5) ? ids(vocabulary) : features(random.int(1, 21));
  const layers: Layers = [];
  if (input.kind === 'ids') layers.push({ type: 'embedding', vocabulary, units: random.int(1, 17) });
  let causal = true;
  for (let i = random.int(1, 3); i > 0; i--) {
    const bidirectional = random.chance(0.25);
    causal &&= !bidirectional;
    layers.push({
      type: 'recurrent',
      ...random.pick([
        { cell: 'lstm' },
        { cell: 'gru', reset: 'after' },
        { cell: 'gru', reset: 'before' },
        { cell: 'rnn', activation: 'tanh' },
      ] as const),
      units: random.pick([1, 3, 8, 13, 24, 33, 70]),
      layers: random.int(1, 2),
      bidirectional,
      ...(bidirectional && { merge: random.pick(['concat', 'sum', 'mul', 'ave'] as const) }),
    });
    if (random.chance(0.2)) layers.push({ type: 'layer_norm' });
  }
  if (random.chance(0.5))
    layers.push({ type: 'pool', mode: random.pick(['last', 'mean', 'max', 'attention'] as const) });
  layers.push({
    type: 'dense',
    units: random.int(1, 18),
    activation: random.pick(['linear', 'softmax', 'sigmoid']),
  });
  return { layers, input, causal };
}
