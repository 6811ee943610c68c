import type { BuildContext, LearningLayer } from '../learning/layer.ts';
import type { LayerNode } from './layer-kind.ts';

/** Training of a kind of layer; not loaded by workers that serve. */
export interface LayerLearning<Node extends LayerNode = LayerNode> {
  /** Whether it reads the encoder's rows after its input, and returns their gradient. */
  readonly readsMemory?: boolean;
  /**
   * Rejects options that are inference only.
   * @param place of the layer in a request, for the error's field
   * @throws UnrollError invalid_model, naming the layer and the field
   */
  check?(layer: Node['layer'], name: string, place?: string): void;
  /**
   * Allocates its parameters and emits its code.
   * @param loss the loss, if it applies the last layer's activation itself; else null
   */
  create(context: BuildContext, node: Node, loss: string | null): LearningLayer;
}
