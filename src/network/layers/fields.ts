import { maxUnits } from '../../cells/max-units.ts';
import { z } from 'zod';

// Fields of model.json that several layers have.

export const units = z.int().min(1).max(maxUnits);
const layerName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
/** Names of the layers read. */
export const layerInputs = z.array(layerName).min(1).max(16);
/** What every layer has besides its type. `inputs` default to the layer before it. */
export const placed = { name: layerName.optional(), inputs: layerInputs.optional() };
