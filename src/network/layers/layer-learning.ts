import type { BuildContext, LearningLayer } from '../learning/layer.ts';
import type { LayerNode } from './layer-kind.ts';

/** What trains a kind of layer. No worker that serves loads it. */
export interface LayerLearning<Node extends LayerNode = LayerNode> {
  /** Whether it reads the encoder's rows after its input, and gives back their gradient. */
  readonly readsMemory?: boolean;
  /**
   * Refuses options that are served and not trained.
   * @param place of the layer in a request, for the error's field
   * @throws UnrollError invalid_model, naming the layer and the field
   */
  check?(layer: Node['layer'], name: string, place?: string): void;
  /**
   * Places what it learns and emits its code.
   * @param loss what applies the last layer's activation itself; null where the last layer's rows are read as they are
   */
  create(context: BuildContext, node: Node, loss: string | null): LearningLayer;
}
