import type { NetworkInput } from '../network/input.ts';
import type { TextInput } from '../network/spec.ts';
import { vocabularySizes } from './vocabulary.ts';

/** Ids of a step of a text: a word's own, and those of its characters. */
export function toIdsInput({ tokens, characters }: TextInput): Extract<NetworkInput, { kind: 'ids' }> {
  const columns = vocabularySizes(tokens.length, characters, characters?.tokens.length ?? 0);
  return { kind: 'ids', vocabulary: columns[0]!, ...(columns.length > 1 && { columns }) };
}
