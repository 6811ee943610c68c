import type { RecurrentNode } from './recurrent-node.ts';
import type { LayerLearning } from '../layer-learning.ts';
import { checkTrainable } from './check-trainable.ts';
import { learnBidirectional } from './learn-bidirectional.ts';
import { learningRecurrent } from './learn-direction.ts';

export const learn: LayerLearning<RecurrentNode> = {
  check: checkTrainable,
  create(
    context,
    { layer, name, tensors: { forward, backward }, inputWidths: [inner = 0], mergeAtFirstStep },
  ) {
    return backward
      ? learnBidirectional(context, name, { forward, backward }, { layer, inner, mergeAtFirstStep })
      : learningRecurrent(context, name, forward, { layer, inner, direction: 'forward' });
  },
};
