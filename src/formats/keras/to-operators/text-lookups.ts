import type { TextInput } from '../../../network/spec.ts';
import type { TensorLookup } from '../../../vocabulary/tensor-lookup.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { asText, type Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { formatShape, type GraphTensor, type ModelInput } from './graph-builder.ts';

// TextVectorization, StringLookup and IntegerLookup look up what the model's own input is. They are no part of the
// graph: its input are ids already, and the lookup is described beside it.

const classes = new Set(['TextVectorization', 'StringLookup', 'IntegerLookup']);
export const isTextLookup = (className: string): boolean => classes.has(className);

export interface TextLookups {
  /** The ids that a layer makes of an input. @throws UnrollError invalid_model with the option not supported */
  look(layer: KerasLayer, reads: readonly GraphTensor[]): GraphTensor;
  /** Records what another layer reads. @throws UnrollError invalid_model where that is text */
  read(reads: readonly GraphTensor[]): void;
  /** What the graph reads where the file has this input. @throws UnrollError invalid_model for texts without a lookup */
  replaceInput<Input extends GraphTensor & { readonly input: ModelInput }>(one: Input): Input;
  /** By the inputs' names. @throws UnrollError invalid_model for an input read with and without a lookup */
  list(): ReadonlyMap<string, TensorLookup>;
}

export function createTextLookups(): TextLookups {
  const lookups = new Map<string, TensorLookup>();
  /** The layer of each lookup, by the input's name. */
  const lookedUpBy = new Map<string, string>();
  const readAsIs = new Set<string>();
  const toIds = <Input extends GraphTensor & { readonly input: ModelInput }>(one: Input): Input => {
    const { splits, text } = lookups.get(one.input.name)!;
    const shape = splits ? [text.length ?? null] : one.shape;
    return { ...one, shape, input: { ...one.input, datatype: 'INT64' } };
  };
  return {
    look(layer, reads) {
      const [x, another] = reads;
      if (!x?.input || x.tokens !== undefined || another)
        return invalidModel('must read an input of the model, and nothing else');
      const { name, datatype } = x.input;
      const isInteger = layer.className === 'IntegerLookup';
      const fits = isInteger ? datatype === 'INT32' || datatype === 'INT64' : datatype === 'BYTES';
      if (!fits) invalidModel(`reads ${datatype}, must read ${isInteger ? 'INT64 or INT32' : 'texts'}`);
      const known = lookedUpBy.get(name) ?? layer.name;
      if (known !== layer.name)
        invalidModel(`${quote(name)} is looked up by ${quote(known)} already, must be by one layer`);
      const splits = layer.className === 'TextVectorization' && layer.config['split'] !== null;
      if (splits && !(x.shape.length === 0 || (x.shape.length === 1 && x.shape[0] === 1)))
        invalidModel(`reads texts of the shape ${formatShape(x.shape)}, must be one a sequence`);
      const text =
        isInteger || layer.className === 'StringLookup' ? readLookup(layer) : readVectorization(layer);
      if (!splits && text.length !== undefined)
        invalidModel(`output_sequence_length ${text.length} without a split is not supported`);
      const type = datatype as TensorLookup['datatype'];
      lookups.set(name, { name, datatype: type, shape: [null, ...x.shape], splits, text });
      lookedUpBy.set(name, layer.name);
      return { ...toIds({ ...x, input: x.input }), tokens: text.tokens.length };
    },
    read(reads) {
      for (const { input, tokens } of reads) {
        if (!input || tokens !== undefined) continue;
        if (input.datatype === 'BYTES')
          invalidModel(
            `reads the texts of ${quote(input.name)}, which only ${[...classes].slice(0, 2).join(' and ')} can`,
          );
        readAsIs.add(input.name);
      }
    },
    replaceInput(one) {
      if (lookups.has(one.input.name)) return toIds(one);
      return one.input.datatype === 'BYTES'
        ? invalidModel(`no layer reads the texts ${quote(one.input.name)}`)
        : one;
    },
    list() {
      for (const [name, layer] of lookedUpBy)
        if (readAsIs.has(name)) invalidModel(`${quote(name)} is read by ${quote(layer)} and as it is, too`);
      return lookups;
    },
  };
}

const standards = [null, 'lower', 'strip_punctuation', 'lower_and_strip_punctuation'] as const;
const splitters = [null, 'whitespace', 'character'] as const;

/** tf.strings.lower lowers ASCII only; the punctuation that Keras strips is all of ASCII's. */
function readVectorization(layer: KerasLayer): TextInput {
  const { config } = layer;
  const standardize = readOption(config, 'standardize', standards, 'lower_and_strip_punctuation');
  const split = readOption(config, 'split', splitters, 'whitespace');
  readOption(config, 'ngrams', [null], null);
  readCommon(config);
  const length = config['output_sequence_length'] ?? undefined;
  if (length !== undefined && !(Number.isSafeInteger(length) && (length as number) > 0))
    invalidModel(`output_sequence_length ${quote(length)}, must be a whole number from 1`);
  return {
    ...createText(listTokens(layer, '', '[UNK]'), 1),
    vocabulary: split === 'character' ? 'characters' : 'whitespace',
    lowercase: standardize?.startsWith('lower') ? 'ascii' : false,
    ...(standardize?.endsWith('punctuation') && { stripPunctuation: true }),
    ...(length !== undefined && { length: length as number }),
  };
}

function readLookup(layer: KerasLayer): TextInput {
  const { config, className } = layer;
  readOption(config, 'num_oov_indices', [1], 1);
  readOption(config, 'invert', [false], false);
  readCommon(config);
  const mask = readToken(config, 'mask_token');
  const unknown = readToken(config, 'oov_token') ?? (className === 'IntegerLookup' ? '-1' : '[UNK]');
  return createText(listTokens(layer, mask, unknown), mask === null ? 0 : 1);
}

/** A token of the configuration, a text or an integer. @throws UnrollError invalid_model */
function readToken(config: KerasLayer['config'], option: string): string | null {
  const token = config[option] ?? null;
  if (token === null || typeof token === 'string') return token;
  return typeof token === 'number' ? String(token) : invalidModel(`${option} must be a text or a number`);
}

function readCommon(config: Config): void {
  readOption(config, 'output_mode', ['int'], 'int');
  readOption(config, 'sparse', [false], false);
  readOption(config, 'ragged', [false], false);
  readOption(config, 'encoding', ['utf-8', 'UTF-8', 'utf8'], 'utf-8');
}

/** @throws UnrollError invalid_model for another value, such as a function */
function readOption<Value>(config: Config, field: string, values: readonly Value[], missing: Value): Value {
  const given = config[field] === undefined ? missing : config[field];
  const value = values.find((one) => one === given);
  if (value !== undefined) return value;
  const shown =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? 'a function' : quote(given);
  return invalidModel(`${field} ${shown} is not supported, must be ${values.map(quote).join(', ')}`);
}

const createText = (tokens: string[], unknown: number): TextInput => ({
  kind: 'text',
  vocabulary: 'whitespace',
  tokens,
  unknown,
  lowercase: false,
  normalize: 'none',
});

/**
 * Token of each id: the mask's where there is one, that of unknown texts, then the vocabulary, which may have these
 * two before it.
 * @throws UnrollError invalid_model
 */
function listTokens({ config, vocabulary }: KerasLayer, mask: string | null, unknown: string): string[] {
  const own = config['vocabulary'] ?? vocabulary;
  if (!Array.isArray(own) || own.length === 0)
    return invalidModel(
      typeof own === 'string'
        ? `its vocabulary is in another file, ${quote(own)}`
        : 'its vocabulary is not in the file: save the model after adapt() as .keras',
    );
  const listed = own.map((token: unknown) =>
    Number.isSafeInteger(token)
      ? String(token)
      : (asText(token) ?? invalidModel(`the token ${quote(token)} is no text`)),
  );
  const special = mask === null ? [unknown] : [mask, unknown];
  const tokens = special.every((token, id) => listed[id] === token) ? listed.slice(special.length) : listed;
  const seen = new Set(tokens);
  if (seen.size < tokens.length) invalidModel('its vocabulary has a token twice');
  if (mask !== null && seen.has(mask)) invalidModel(`its vocabulary has the mask token ${quote(mask)}`);
  // what is unknown is not looked up: the name of its id must only differ from the others
  const name = seen.has(unknown) || unknown === mask ? `${unknown} (unknown)` : unknown;
  return [...special.slice(0, -1), name, ...tokens];
}
