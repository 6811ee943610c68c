import { UnrollError } from '../errors.ts';
import { checkWeights } from '../network/check-weights.ts';
import { resolveGraph } from '../network/graph.ts';
import { networkInput } from '../network/input.ts';
import type { ModelSpec, TextInput } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/**
 * Checks what model.json says of inputs, task and outputs against its network and weights.
 * @throws UnrollError invalid_model, invalid_weights
 */
export function checkModel(spec: ModelSpec, weights: Weights): void {
  const input = networkInput(spec.network, weights);
  const graph = resolveGraph(spec.network, input);
  checkWeights(graph, weights);
  const { inputs, outputs, task } = spec;

  if (inputs.kind === 'text') {
    checkTokens(inputs);
    const { length } = inputs.tokens;
    if (input.kind !== 'ids') fail('inputs.kind', 'the input is text, but no embedding reads it');
    else if (input.vocabulary !== length)
      fail('inputs.tokens', `${length} tokens, the embedding has a vocabulary of ${input.vocabulary}`);
  } else if (input.kind !== 'features' || input.width !== inputs.features.length)
    fail(
      'inputs.features',
      `${inputs.features.length} features a step, the network reads ${input.kind === 'ids' ? 'ids' : input.width}`,
    );

  const width = graph.nodes.at(-1)!.width;
  const last = spec.network.layers.at(-1)!;
  if (task === 'classify' || task === 'tag') {
    if (outputs.labels?.length !== width)
      fail('outputs.labels', `${outputs.labels?.length ?? 0} labels, the network has ${width} outputs`);
    if (new Set(outputs.labels).size !== width) fail('outputs.labels', 'a label stands there twice');
    const wanted = outputs.multiLabel ? 'sigmoid' : 'softmax';
    if (last.type === 'dense' && last.activation !== wanted)
      fail('network.layers', `the last layer is ${last.activation}, for these labels it must be ${wanted}`);
  }
  if ((task === 'tag' || task === 'generate') && inputs.kind !== 'text')
    fail('inputs.kind', `${task} needs text`);
  if (task === 'generate') {
    const tokens = inputs.kind === 'text' ? inputs.tokens.length : 0;
    if (width !== tokens)
      fail('network.layers', `${width} outputs, there are ${tokens} tokens to choose from`);
    if (!graph.causal) fail('network.layers', 'a bidirectional network cannot generate');
    if (last.type === 'dense' && last.activation !== 'softmax' && last.activation !== 'linear')
      fail(
        'network.layers',
        `the last layer is ${last.activation}, to generate it must be softmax or linear`,
      );
  }
  if (task === 'predict' && outputs.units && outputs.units.length !== width)
    fail('outputs.units', `${outputs.units.length} units, the network has ${width} outputs`);
}

function checkTokens({ tokens, unknown, start, end }: TextInput): void {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    const before = ids.get(token);
    if (before !== undefined) fail(`inputs.tokens.${id}`, `the same token as inputs.tokens.${before}`);
    ids.set(token, id);
  });
  for (const [field, id] of Object.entries({ unknown, start, end }))
    if (id !== undefined && id >= tokens.length)
      fail(`inputs.${field}`, `id ${id}, there are ${tokens.length} tokens`);
}

function fail(field: string, what: string): never {
  throw new UnrollError('invalid_model', `model.json: ${field}: ${what}`, { field });
}
