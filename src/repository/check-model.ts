import { UnrollError } from '../errors.ts';
import { countOutputRows, findRowSteps } from '../network/sequence-to-one.ts';
import { checkTensors } from '../network/check-weights.ts';
import { networkInputs, networkTensors, resolveNetwork } from '../network/encoder-decoder.ts';
import { idColumns, type NetworkInput } from '../network/input.ts';
import type { ModelSpec, TextInput } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/**
 * Checks that the inputs, the task and the outputs of a model.json match its network and weights.
 * @throws UnrollError invalid_model, invalid_weights
 */
export function checkModel(spec: ModelSpec, weights: Weights): void {
  const { input: own, source } = networkInputs(spec.network, weights);
  const network = resolveNetwork(spec.network, own, source);
  checkTensors(networkTensors(network), weights);
  const { graph } = network;
  const { inputs, outputs, task } = spec;
  if ((task === 'decode') !== (source !== null))
    invalidField(
      'network.encoder',
      task === 'decode' ? 'missing, the task decode needs one' : `not allowed for the task ${task}`,
    );
  // the network that reads the caller's input
  const input = source ?? own;

  if (inputs.kind === 'text') {
    checkTokens(inputs, 'inputs');
    checkIds(inputs, input, 'inputs');
  } else if (input.kind !== 'features' || input.width !== inputs.features.length)
    invalidField(
      'inputs.features',
      `${inputs.features.length} features per step, the network reads ${input.kind === 'ids' ? 'ids' : input.width}`,
    );

  const width = graph.nodes.at(-1)!.width;
  const last = spec.network.layers.at(-1)!;
  if (last.type === 'crf' && (task !== 'tag' || outputs.multiLabel))
    invalidField(
      'network.layers',
      'a crf layer needs the task tag without multiLabel: it gives each token exactly one label',
    );
  if (task === 'classify' || task === 'tag') {
    if (outputs.labels?.length !== width)
      invalidField(
        'outputs.labels',
        `${outputs.labels?.length ?? 0} labels, the network has ${width} outputs`,
      );
    if (new Set(outputs.labels).size !== width) invalidField('outputs.labels', 'contains a label twice');
    const expected = outputs.multiLabel ? ['sigmoid'] : ['softmax', 'log_softmax'];
    if (last.type === 'dense' && !expected.includes(last.activation))
      invalidField(
        'network.layers',
        `the last layer has the activation ${last.activation}, must be ${expected.join(' or ')} for these labels`,
      );
  }
  const fixed = inputs.kind === 'text' ? inputs.length : undefined;
  if ((task === 'decode' || task === 'generate') && fixed !== undefined)
    invalidField('inputs.length', `not allowed for the task ${task}: its texts have no fixed length`);
  if ((task === 'tag' || task === 'generate') && inputs.kind !== 'text')
    invalidField('inputs.kind', `the task ${task} needs text`);
  if (task === 'generate') {
    const tokens = inputs.kind === 'text' ? inputs.tokens.length : 0;
    if (width !== tokens)
      invalidField('network.layers', `${width} outputs, must be one for each of ${tokens} tokens`);
    if (!graph.causal) invalidField('network.layers', 'a network that reads later steps cannot generate');
    checkLogits(last, 'generate');
  }
  if (task === 'decode') checkTarget(outputs.vocabulary, own, width, last);
  if (task !== 'predict' && findRowSteps(spec.network))
    invalidField(
      'task',
      `${task} needs an answer at every step or one in all, the network has fewer rows than steps`,
    );
  const columns = width / countOutputRows(spec.network);
  if (task === 'predict' && outputs.units && outputs.units.length !== columns)
    invalidField('outputs.units', `${outputs.units.length} units, the network has ${columns} outputs`);
}

/** Checks that the ids of a step are those that the embeddings look up. */
function checkIds(text: TextInput, input: NetworkInput, field: string): void {
  const { tokens, characters } = text;
  if (input.kind !== 'ids')
    invalidField(`${field}.kind`, 'the input is text, but the network has no embedding that reads it');
  else if (input.vocabulary !== tokens.length)
    invalidField(
      `${field}.tokens`,
      `${tokens.length} tokens, the embedding has a vocabulary of ${input.vocabulary}`,
    );
  else {
    const columns = 1 + (characters ? characters.prefix + characters.suffix : 0);
    const read = idColumns(input);
    if (read.length !== columns)
      invalidField(`${field}.characters`, `a step has ${columns} ids, the embeddings read ${read.length}`);
    const letters = characters ? characters.tokens.length + 2 : 0;
    for (const vocabulary of read.slice(1))
      if (vocabulary !== letters)
        invalidField(
          `${field}.characters.tokens`,
          `${letters} ids, the embedding has a vocabulary of ${vocabulary}`,
        );
  }
}

/**
 * Checks the output vocabulary of the task decode: it needs a start and an end, and the network one output
 * per token.
 */
function checkTarget(
  target: TextInput | undefined,
  input: NetworkInput,
  width: number,
  last: ModelSpec['network']['layers'][number],
): void {
  const field = 'outputs.vocabulary';
  if (!target) return invalidField(field, 'missing, the task decode needs one');
  if (target.characters) invalidField(`${field}.characters`, 'not allowed in an output vocabulary');
  checkTokens(target, field);
  checkIds(target, input, field);
  if (target.start === undefined || target.end === undefined)
    invalidField(field, 'must have a start and an end, ids of its tokens');
  if (width !== target.tokens.length)
    invalidField(
      'network.layers',
      `${width} outputs, must be one for each of ${target.tokens.length} tokens`,
    );
  checkLogits(last, 'decode');
}

/** Checks that tokens can be drawn from the last layer: its sums, before an activation, are logits. */
function checkLogits(last: ModelSpec['network']['layers'][number], task: 'generate' | 'decode'): void {
  const expected: readonly string[] = ['softmax', 'log_softmax', 'linear'];
  if (last.type === 'dense' && !expected.includes(last.activation))
    invalidField(
      'network.layers',
      `the last layer has the activation ${last.activation}, must be softmax, log_softmax or linear to ${task}`,
    );
}

function checkTokens({ tokens, unknown, start, end }: TextInput, field: string): void {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (token === '' && id > 0) invalidField(`${field}.tokens.${id}`, 'empty, only that of id 0 may be');
    const earlier = ids.get(token);
    if (earlier !== undefined)
      invalidField(`${field}.tokens.${id}`, `the same token as ${field}.tokens.${earlier}`);
    ids.set(token, id);
  });
  for (const [name, id] of Object.entries({ unknown, start, end }))
    if (id !== undefined && id >= tokens.length)
      invalidField(`${field}.${name}`, `id ${id}, there are ${tokens.length} tokens`);
}

/** @throws UnrollError invalid_model with the field */
function invalidField(field: string, message: string): never {
  throw new UnrollError('invalid_model', `model.json: ${field}: ${message}`, { field });
}
