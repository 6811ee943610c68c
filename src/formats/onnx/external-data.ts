import { invalidWeights, quote } from '../format-errors.ts';
import { asBytes, asInteger, asText, parseFields } from './protobuf.ts';

// Tensors whose numbers are in another file (onnx.proto, TensorProto.external_data): key-value entries with
// location, offset and length.

/** The bytes of external files by location. */
export type ExternalData = ReadonlyMap<string, Uint8Array>;

/** Nesting of graphs in attributes. */
const maxDepth = 16;

/** Finds the locations of a model's external files. @throws UnrollError invalid_weights */
export function findExternalLocations(model: Uint8Array): ReadonlySet<string> {
  const found = new Set<string>();
  const scanTensor = (tensor: Uint8Array): void => {
    const entries: Uint8Array[] = [];
    let external = false;
    for (const field of parseFields(tensor)) {
      if (field.number === 13) entries.push(asBytes(field));
      else if (field.number === 14) external = asInteger(field) === 1;
    }
    const location = readEntries(entries).get('location');
    if (external && location !== undefined) found.add(location);
  };
  const scanNode = (node: Uint8Array, depth: number): void => {
    for (const attribute of parseFields(node)) {
      if (attribute.number !== 5) continue;
      for (const value of parseFields(asBytes(attribute))) {
        if (value.number === 5 || value.number === 10) scanTensor(asBytes(value));
        else if (value.number === 6 || value.number === 11) scanGraph(asBytes(value), depth + 1);
      }
    }
  };
  const scanGraph = (graph: Uint8Array, depth: number): void => {
    if (depth > maxDepth) invalidWeights(`graphs are nested more than ${maxDepth} deep`);
    for (const field of parseFields(graph)) {
      if (field.number === 5) scanTensor(asBytes(field));
      else if (field.number === 1) scanNode(asBytes(field), depth);
    }
  };
  for (const field of parseFields(model)) {
    if (field.number === 7) scanGraph(asBytes(field), 0);
    else if (field.number === 25)
      for (const part of parseFields(asBytes(field))) if (part.number === 7) scanNode(asBytes(part), 0);
  }
  return found;
}

/**
 * Returns the bytes of one tensor.
 * @param size its size in bytes by its shape
 * @throws UnrollError invalid_weights
 */
export function getExternalBytes(
  entries: readonly Uint8Array[],
  files: ExternalData,
  size: number,
  where: string,
): Uint8Array {
  const values = readEntries(entries);
  const location = values.get('location');
  if (location === undefined) return invalidWeights(`${where} is in another file, but has no location`);
  const file = files.get(location);
  if (!file) return invalidWeights(`${where} is in the file ${quote(location)}, which was not read`);
  const number = (key: string, fallback: number): number => {
    const text = values.get(key);
    if (text === undefined) return fallback;
    return /^\d{1,15}$/.test(text)
      ? Number(text)
      : invalidWeights(`${where}: ${key} ${quote(text)}, must be a whole number`);
  };
  const offset = number('offset', 0);
  const length = number('length', size);
  if (offset + length > file.length)
    invalidWeights(
      `${where}: bytes ${offset} to ${offset + length} of ${quote(location)}, which has ${file.length}`,
    );
  return file.subarray(offset, offset + length);
}

function readEntries(entries: readonly Uint8Array[]): ReadonlyMap<string, string> {
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
