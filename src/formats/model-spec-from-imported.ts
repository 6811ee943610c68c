import { UnrollError } from '../errors.ts';
import { modelSpec, type ModelSpec } from '../network/spec.ts';
import type { ImportedNetwork } from './imported-network.ts';

/** Fields of a model.json beside an imported file: they replace the defaults of the imported model. */
export type ModelOverrides = Readonly<Record<string, unknown>>;

/** The number of errors in a model.json that the message lists. */
const maxListedIssues = 5;

/** Parses a model.json. @throws UnrollError invalid_model, naming the fields by their paths */
export function parseModelSpec(json: unknown): ModelSpec {
  const { success, data, error } = modelSpec.safeParse(json);
  if (success) return data;
  const issues = error.issues.map(({ path, message }) => ({ path: path.join('.') || '(top)', message }));
  const listed = issues.slice(0, maxListedIssues).map(({ path, message }) => `${path}: ${message}`);
  const more = issues.length > maxListedIssues ? `; and ${issues.length - maxListedIssues} more` : '';
  throw new UnrollError('invalid_model', `model.json: ${listed.join('; ')}${more}`, {
    field: issues[0]!.path,
    cause: error,
  });
}

/**
 * Creates the model.json of an imported network from the overrides of its folder. The defaults fit any
 * network: the task predict, numeric features, or ids as words that are numbers.
 * @throws UnrollError invalid_model with the field
 */
export function toModelSpec(
  name: string,
  { network, input, text, padding, stateful, tensors }: ImportedNetwork,
  overrides: ModelOverrides = {},
): ModelSpec {
  if (Object.hasOwn(overrides, 'network'))
    throw new UnrollError(
      'invalid_model',
      'model.json: network: not allowed, the imported file has its own',
      { field: 'network' },
    );
  const task = overrides['task'] ?? 'predict';
  const last = network.layers.findLast((layer) => layer.type === 'dense' || layer.type === 'operator_graph');
  const labelled = (task === 'classify' || task === 'tag') && last !== undefined;
  const { weights: _, graph: __, ...rest } = overrides;
  const parsed = modelSpec.safeParse({
    schema: 1,
    name,
    task,
    inputs: text
      ? text
      : input.kind === 'ids'
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
    ...(padding !== undefined && { padding }),
    ...(stateful && { stateful }),
    network,
  });
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const field = path.join('.');
  throw new UnrollError('invalid_model', `model.json: ${field}: ${message}`, { field });
}
