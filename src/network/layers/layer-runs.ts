import type { LayerRun } from './layer-run.ts';
import { layers, layerTypes, type LayerFiles } from './registry.ts';

// Every kind of layer as a worker needs it.

const loaded = await Promise.all(
  layerTypes.map(async (type) => {
    const { run }: LayerFiles = layers[type];
    return [type, run ? await run() : null] as const;
  }),
);
const runs: ReadonlyMap<string, LayerRun | null> = new Map(loaded);

/** @param kind of a compiled layer; null for one whose rows are its input's */
export const findLayerRun = (kind: string): LayerRun | null => runs.get(kind) ?? null;
