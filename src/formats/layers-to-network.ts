import { UnrollError } from '../errors.ts';
import { networkSpec, type NetworkSpec } from '../network/spec.ts';
import { quote } from './format-errors.ts';

/** Validates converted layers as a network. @throws UnrollError invalid_model with the layer and the field */
export function layersToNetwork(layers: readonly object[]): NetworkSpec {
  const { success, data, error } = networkSpec.safeParse({ layers });
  if (success) return data;
  const { path, message } = error.issues[0]!;
  const [, index, ...field] = path;
  const layer = layers[Number(index)];
  const where = layer && 'name' in layer ? `layer ${quote(layer.name)}: ${field.join('.')}` : path.join('.');
  throw new UnrollError('invalid_model', `${where}: ${message}`);
}
