import type { KerasLayer } from './keras-layer.ts';
import { findCellByClass } from './recurrent.ts';
import type { GraphTensor } from './to-operators/graph-builder.ts';

// Where every layer passes over the masked steps of the input, a model computes the same without them. Then its
// layers of ours need no masks: the steps are left out before they reach the network.

export interface PaddingCheck {
  /** Follows a call of a layer. */
  follow(layer: KerasLayer, reads: readonly GraphTensor[], outputs: readonly GraphTensor[]): void;
  /** The id, or value of all features, of the steps that may be left out; null where none may. */
  found(): number | null;
}

/** Layers that read a sequence with its mask and give one row. */
const readsMask = ({ className, config }: KerasLayer): boolean =>
  (findCellByClass(className) !== undefined && config['zero_output_for_mask'] !== true) ||
  ['Bidirectional', 'GlobalAveragePooling1D', 'AttentionWeightedAverage'].includes(className);

/** The masked steps' id or value, of a layer that makes a mask. */
function getPadding({ className, config }: KerasLayer): number | null {
  if (className === 'Embedding') return config['mask_zero'] === true ? 0 : null;
  return className === 'Masking' ? Number(config['mask_value'] ?? 0) : null;
}

export function createPaddingCheck(): PaddingCheck {
  const paddings = new Set<number>();
  let readsAll = false;
  return {
    follow(layer, reads, outputs) {
      const own = getPadding(layer);
      const isFirst = own !== null && reads[0]?.input !== undefined;
      if (isFirst) paddings.add(own);
      else if (own !== null) readsAll = true;
      for (const { shape, mask, input } of reads) {
        const isSequence = shape.length > 1 || input !== undefined;
        if (isSequence && !mask && !isFirst) readsAll = true;
        if (mask && !outputs.every((one) => one.mask) && !readsMask(layer)) readsAll = true;
      }
    },
    found() {
      const [padding = null] = paddings;
      return readsAll || paddings.size !== 1 ? null : padding;
    },
  };
}
