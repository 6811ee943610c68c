import type { LayerRun } from './layer-run.ts';
import type { LayerType } from './registry.ts';
import { runs } from './runs.ts';

/** Every kind has an entry, null where it changes nothing when it serves: `npm run layers` writes it. */
const complete: Readonly<Record<LayerType, LayerRun | null>> = runs;

/** @param kind of a compiled layer; `same` is one that compiled to nothing */
export const findLayerRun = (kind: LayerType | 'same'): LayerRun | null =>
  kind === 'same' ? null : complete[kind];
