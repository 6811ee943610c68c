import { invalidWeights, quote } from '../format-errors.ts';
import { asBytes, asInteger, asText, parseFields } from './protobuf.ts';

// Numbers of a tensor that lie in another file (onnx.proto, TensorProto.external_data): entries of key and value, of which location,
// offset and length are ours to know.

/** By the locations that tensors give. */
export type ExternalData = ReadonlyMap<string, Uint8Array>;

/** Graphs within graphs' attributes. */
const deepest = 16;

/** The files that a model's tensors lie in, before any of them is read. @throws UnrollError invalid_weights */
export function findExternalLocations(model: Uint8Array): ReadonlySet<string> {
  const found = new Set<string>();
  const ofTensor = (tensor: Uint8Array): void => {
    const entries: Uint8Array[] = [];
    let external = false;
    for (const field of parseFields(tensor)) {
      if (field.number === 13) entries.push(asBytes(field));
      else if (field.number === 14) external = asInteger(field) === 1;
    }
    const location = valuesOf(entries).get('location');
    if (external && location !== undefined) found.add(location);
  };
  const ofGraph = (graph: Uint8Array, depth: number): void => {
    if (depth > deepest) invalidWeights(`graphs are nested more than ${deepest} deep`);
    for (const field of parseFields(graph)) {
      if (field.number === 5) ofTensor(asBytes(field));
      if (field.number !== 1) continue;
      for (const attribute of parseFields(asBytes(field))) {
        if (attribute.number !== 5) continue;
        for (const value of parseFields(asBytes(attribute))) {
          if (value.number === 5 || value.number === 10) ofTensor(asBytes(value));
          else if (value.number === 6 || value.number === 11) ofGraph(asBytes(value), depth + 1);
        }
      }
    }
  };
  for (const field of parseFields(model)) if (field.number === 7) ofGraph(asBytes(field), 0);
  return found;
}

/** The bytes of one tensor. @param size what its shape takes @throws UnrollError invalid_weights */
export function getExternalBytes(
  entries: readonly Uint8Array[],
  files: ExternalData,
  size: number,
  where: string,
): Uint8Array {
  const values = valuesOf(entries);
  const location = values.get('location');
  if (location === undefined) return invalidWeights(`${where} lies in another file and doesn't say in which`);
  const file = files.get(location);
  if (!file) return invalidWeights(`${where} lies in the file ${quote(location)}, which was not read`);
  const number = (key: string, otherwise: number): number => {
    const text = values.get(key);
    if (text === undefined) return otherwise;
    return /^\d{1,15}$/.test(text) ? Number(text) : invalidWeights(`${where}: its ${key} is ${quote(text)}`);
  };
  const offset = number('offset', 0);
  const length = number('length', size);
  if (offset + length > file.length)
    invalidWeights(
      `${where}: bytes ${offset} to ${offset + length} of ${quote(location)}, which has ${file.length}`,
    );
  return file.subarray(offset, offset + length);
}

function valuesOf(entries: readonly Uint8Array[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const entry of entries) {
    let [key, value] = ['', ''];
    for (const field of parseFields(entry)) {
      if (field.number === 1) key = asText(field);
      else if (field.number === 2) value = asText(field);
    }
    values.set(key, value);
  }
  return values;
}
