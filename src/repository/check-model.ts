import { UnrollError } from '../errors.ts';
import { answerRows } from '../network/answers-once.ts';
import { checkTensors } from '../network/check-weights.ts';
import { networkInputs, networkTensors, resolveNetwork } from '../network/encoder-decoder.ts';
import { idColumns, type NetworkInput } from '../network/input.ts';
import type { ModelSpec, TextInput } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/**
 * Checks what model.json says of inputs, task and outputs against its network and weights.
 * @throws UnrollError invalid_model, invalid_weights
 */
export function checkModel(spec: ModelSpec, weights: Weights): void {
  const { input: own, source } = networkInputs(spec.network, weights);
  const network = resolveNetwork(spec.network, own, source);
  checkTensors(networkTensors(network), weights);
  const { graph } = network;
  const { inputs, outputs, task } = spec;
  if ((task === 'decode') !== (source !== null))
    fail('network.encoder', task === 'decode' ? 'decode needs one' : `${task} has none`);
  /** What the caller's input goes to. */
  const input = source ?? own;

  if (inputs.kind === 'text') {
    checkTokens(inputs, 'inputs');
    checkIds(inputs, input, 'inputs');
  } else if (input.kind !== 'features' || input.width !== inputs.features.length)
    fail(
      'inputs.features',
      `${inputs.features.length} features a step, the network reads ${input.kind === 'ids' ? 'ids' : input.width}`,
    );

  const width = graph.nodes.at(-1)!.width;
  const last = spec.network.layers.at(-1)!;
  if (last.type === 'crf' && (task !== 'tag' || outputs.multiLabel))
    fail('network.layers', 'a crf gives each token one label: it is for tag, without multiLabel');
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
    if (!graph.causal) fail('network.layers', 'a network that reads ahead cannot generate');
    if (last.type === 'dense' && last.activation !== 'softmax' && last.activation !== 'linear')
      fail(
        'network.layers',
        `the last layer is ${last.activation}, to generate it must be softmax or linear`,
      );
  }
  if (task === 'decode') checkTarget(outputs.vocabulary, own, width, last);
  const columns = width / answerRows(spec.network);
  if (task === 'predict' && outputs.units && outputs.units.length !== columns)
    fail('outputs.units', `${outputs.units.length} units, the network has ${columns} outputs`);
}

/** Every id of a step must be one that an embedding looks up. */
function checkIds(text: TextInput, input: NetworkInput, field: string): void {
  const { tokens, characters } = text;
  if (input.kind !== 'ids') fail(`${field}.kind`, 'the input is text, but no embedding reads it');
  else if (input.vocabulary !== tokens.length)
    fail(`${field}.tokens`, `${tokens.length} tokens, the embedding has a vocabulary of ${input.vocabulary}`);
  else {
    const columns = 1 + (characters ? characters.prefix + characters.suffix : 0);
    const read = idColumns(input);
    if (read.length !== columns)
      fail(`${field}.characters`, `a step has ${columns} ids, the embeddings read ${read.length}`);
    const letters = characters ? characters.tokens.length + 2 : 0;
    for (const vocabulary of read.slice(1))
      if (vocabulary !== letters)
        fail(`${field}.characters.tokens`, `${letters} ids, the embedding has a vocabulary of ${vocabulary}`);
  }
}

/** decode: what is written has a start and an end, and an output for each of its tokens. */
function checkTarget(
  target: TextInput | undefined,
  input: NetworkInput,
  width: number,
  last: ModelSpec['network']['layers'][number],
): void {
  const field = 'outputs.vocabulary';
  if (!target) return fail(field, 'decode needs one');
  if (target.characters) fail(`${field}.characters`, 'what is written has no characters of its own');
  checkTokens(target, field);
  checkIds(target, input, field);
  if (target.start === undefined || target.end === undefined)
    fail(field, 'needs a start and an end: ids of its tokens');
  if (width !== target.tokens.length)
    fail('network.layers', `${width} outputs, there are ${target.tokens.length} tokens to choose from`);
  if (last.type === 'dense' && last.activation !== 'softmax' && last.activation !== 'linear')
    fail('network.layers', `the last layer is ${last.activation}, to decode it must be softmax or linear`);
}

function checkTokens({ tokens, unknown, start, end }: TextInput, where: string): void {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    const before = ids.get(token);
    if (before !== undefined) fail(`${where}.tokens.${id}`, `the same token as ${where}.tokens.${before}`);
    ids.set(token, id);
  });
  for (const [field, id] of Object.entries({ unknown, start, end }))
    if (id !== undefined && id >= tokens.length)
      fail(`${where}.${field}`, `id ${id}, there are ${tokens.length} tokens`);
}

function fail(field: string, what: string): never {
  throw new UnrollError('invalid_model', `model.json: ${field}: ${what}`, { field });
}
