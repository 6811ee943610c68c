import { placeNetwork, type PlacementSizes } from '../engine/placement.ts';
import { UnrollError } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { ModelSpec, TextInput } from '../network/spec.ts';
import { packTexts, type TextSettings } from '../vocabulary/vocabulary.ts';
import { readCrfPotentials } from '../decoding/crf/read-potentials.ts';
import type { LoadedModel, ServedSpec } from './loader-messages.ts';
import { readModelFolder } from './read-model-folder.ts';

/** Of model.json without its tokens: the main thread takes all of it at once. Labels for 262,144 outputs fit. */
const mostSpecCharacters = 4 * 1024 * 1024;

/**
 * Everything between a version's folder and a network that can run: read, check, pack, compile.
 * @param described called when model.json is read
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export async function loadModel(
  { realRoot, folder, name }: { readonly realRoot: string; readonly folder: string; readonly name: string },
  kernel: Kernel,
  sizes: PlacementSizes,
  described: (task: ModelSpec['task']) => void,
): Promise<LoadedModel> {
  const found = await readModelFolder(realRoot, folder, name);
  const { spec } = found;
  described(spec.task);
  if (spec.name !== name)
    throw new UnrollError('invalid_model', `model.json: name: it is ${spec.name}, its folder is ${name}`);
  const served = withoutTexts(spec);
  const characters = JSON.stringify(served).length;
  if (characters > mostSpecCharacters)
    throw new UnrollError(
      'invalid_model',
      `model.json: without its tokens it has ${characters} characters, the limit is ${mostSpecCharacters}`,
    );
  const weights = await found.weights();
  const { inputs, outputs } = spec;
  const vocabulary = inputs.kind === 'text' ? packTexts(inputs) : null;
  const target = outputs.vocabulary ? packTexts(outputs.vocabulary) : null;
  const chain = readCrfPotentials(spec.network, weights);
  // last, since it takes memory that somebody must give back
  const placement = placeNetwork(spec.network, weights, { kernel, ...sizes });
  return { spec: served, vocabulary, target, chain, placement };
}

function withoutTexts(spec: ModelSpec): ServedSpec {
  const { inputs, outputs } = spec;
  return {
    ...spec,
    inputs: inputs.kind === 'text' ? settingsOf(inputs) : inputs,
    outputs: { ...outputs, vocabulary: outputs.vocabulary && settingsOf(outputs.vocabulary) },
  };
}

function settingsOf(input: TextInput): TextSettings {
  const { tokens: _, characters, ...rest } = input;
  if (!characters) return rest;
  const { tokens: __, ...affixes } = characters;
  return { ...rest, characters: affixes };
}
