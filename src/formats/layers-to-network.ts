import { UnrollError } from '../errors.ts';
import { networkSpec, type NetworkSpec } from '../network/spec.ts';
import { shown } from './arrays.ts';

/** Layers made of another's as a network, within the limits of ours. @throws UnrollError invalid_model, naming layer and field */
export function networkOfLayers(layers: readonly object[]): NetworkSpec {
  const { success, data, error } = networkSpec.safeParse({ layers });
  if (success) return data;
  const { path, message } = error.issues[0]!;
  const [, index, ...field] = path;
  const layer = layers[Number(index)];
  const where = layer && 'name' in layer ? `layer ${shown(layer.name)}: ${field.join('.')}` : path.join('.');
  throw new UnrollError('invalid_model', `${where}: ${message}`);
}
