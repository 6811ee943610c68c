/** What a layer that runs others' models and has no way back is called; null for one that learns. */
export function servesOnly(layer: {
  readonly type: string;
  readonly [field: string]: unknown;
}): string | null {
  if (layer.type === 'conv1d' || layer.type === 'program') return layer.type;
  return layer.type === 'pool' && layer['mode'] === 'attention' ? 'pool attention' : null;
}

export const noWayBack = 'serves, and has no way back to learn by';
