import { placeGraph } from '../engine/place-graph.ts';
import { placeNetwork, type PlacementSizes } from '../engine/placement.ts';
import { UnrollError } from '../errors.ts';
import type { ViewVerdicts } from '../formats/view-verdicts.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { hashNetwork } from '../network/hash-network.ts';
import type { ModelSpec, TextInput } from '../network/spec.ts';
import { packTexts, type TextSettings } from '../vocabulary/vocabulary.ts';
import { readCrfPotentials } from '../decoding/crf/read-potentials.ts';
import { specFile } from '../model-files.ts';
import type { LoadedModel, LoadRequest, ServedSpec } from './loader-messages.ts';
import { readModelFolder } from './read-model-folder.ts';

/**
 * Limit on model.json without its tokens, which the main thread receives in one message. Labels of 262,144
 * outputs fit.
 */
const maxSpecCharacters = 4 * 1024 * 1024;

/**
 * Reads a version's folder, checks it, packs its vocabularies and compiles its network and graph into kernel
 * memory, which the caller frees where this fails.
 * @param described called as soon as model.json is read
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export async function loadModel(
  version: Pick<LoadRequest, 'realRoot' | 'folder' | 'name' | 'anyName' | 'file'> & {
    readonly verdicts?: ViewVerdicts;
  },
  kernel: Kernel,
  sizes: PlacementSizes,
  described: (task: ModelSpec['task']) => void,
): Promise<LoadedModel> {
  const { realRoot, folder, name, verdicts, file, anyName } = version;
  const {
    sequence,
    graph: signed,
    lookups: read,
    notes,
  } = await readModelFolder(realRoot, folder, name, verdicts, file);
  const lookups = read.map(({ text, ...lookup }) => ({
    ...lookup,
    text: { settings: toTextSettings(text), packed: packTexts(text) },
  }));
  if (typeof sequence === 'string')
    return {
      sequence,
      graph: signed && placeGraph(signed, { kernel, ...sizes }),
      signature: null,
      lookups,
      notes,
    };
  const { spec } = sequence;
  described(spec.task);
  if (spec.name !== name && !anyName)
    throw new UnrollError(
      'invalid_model',
      `${specFile}: name: ${spec.name}, must be the folder's name, ${name}`,
    );
  const served = withoutTokens(spec);
  const characters = JSON.stringify(served).length;
  if (characters > maxSpecCharacters)
    throw new UnrollError(
      'invalid_model',
      `${specFile}: without its tokens it has ${characters} characters, the limit is ${maxSpecCharacters}`,
    );
  const noted = [...notes];
  const weights = await sequence.weights((text) => noted.push(text));
  const { inputs, outputs } = spec;
  const vocabulary = inputs.kind === 'text' ? packTexts(inputs) : null;
  const target = outputs.vocabulary ? packTexts(outputs.vocabulary) : null;
  const chain = readCrfPotentials(spec.network, weights);
  const match = signed !== null && sequence.givesTensors;
  const graph = signed && !match ? placeGraph(signed, { kernel, ...sizes }) : null;
  const placement = placeNetwork(spec.network, weights, { kernel, precision: spec.precision, ...sizes });
  return {
    sequence: {
      spec: served,
      vocabulary,
      target,
      chain,
      placement,
      weightsHash: hashNetwork(spec.network, weights, spec.precision),
    },
    graph,
    signature: match ? signed.signature : null,
    lookups,
    notes: noted,
  };
}

function withoutTokens(spec: ModelSpec): ServedSpec {
  const { inputs, outputs } = spec;
  return {
    ...spec,
    inputs: inputs.kind === 'text' ? toTextSettings(inputs) : inputs,
    outputs: { ...outputs, vocabulary: outputs.vocabulary && toTextSettings(outputs.vocabulary) },
  };
}

function toTextSettings(input: TextInput): TextSettings {
  const { tokens: _, characters, ...rest } = input;
  if (!characters) return rest;
  const { tokens: __, ...affixes } = characters;
  return { ...rest, characters: affixes };
}
