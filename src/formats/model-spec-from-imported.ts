import { UnrollError } from '../errors.ts';
import { modelSpec, type ModelSpec } from '../network/spec.ts';
import type { ImportedNetwork } from './imported-network.ts';

/** What a model.json may say beside a file that has its network itself. */
export type ModelOverrides = Readonly<Record<string, unknown>>;

/**
 * The model.json of a foreign network: what its folder says, and for the rest what serves any network: numbers in, numbers out. Ids
 * are words that are numbers. @throws UnrollError invalid_model, naming the field
 */
export function toModelSpec(
  name: string,
  { network, input, tensors }: ImportedNetwork,
  said: ModelOverrides = {},
): ModelSpec {
  if (Object.hasOwn(said, 'network'))
    throw new UnrollError('invalid_model', 'model.json: network: the file has its own', { field: 'network' });
  const task = said['task'] ?? 'predict';
  const last = network.layers.findLast((layer) => layer.type === 'dense' || layer.type === 'program');
  const labelled = (task === 'classify' || task === 'tag') && last !== undefined;
  const { weights: _, graph: __, ...rest } = said;
  const parsed = modelSpec.safeParse({
    schema: 1,
    name,
    task,
    inputs:
      input.kind === 'ids'
        ? {
            kind: 'text',
            vocabulary: 'words',
            normalize: 'none',
            tokens: Array.from({ length: input.vocabulary }, (___, id) => String(id)),
          }
        : {
            kind: 'numeric',
            features: Array.from({ length: input.width }, (___, column) => ({ name: `x${column}` })),
          },
    ...(labelled && { outputs: { labels: Array.from({ length: last.units }, (___, id) => String(id)) } }),
    ...(tensors && { tensors }),
    ...rest,
    network,
  });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = path.join('.');
  throw new UnrollError('invalid_model', `model.json: ${field}: ${message}`, { field });
}
