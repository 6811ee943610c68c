import type { LayerRun } from './layer-run.ts';
import type { LayerType } from './registry.ts';
import { runs } from './runs.ts';

/** Every kind has an entry, null for one that has no effect in serving; `npm run layers` writes them. */
const complete: Readonly<Record<LayerType, LayerRun | null>> = runs;

/** @param kind of a compiled layer, or `alias` of a node that compiled to nothing */
export const findLayerRun = (kind: LayerType | 'alias'): LayerRun | null =>
  kind === 'alias' ? null : complete[kind];
