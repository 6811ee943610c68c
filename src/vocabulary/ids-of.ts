import type { NetworkInput } from '../network/input.ts';
import type { TextInput } from '../network/spec.ts';
import { createVocabulary } from './vocabulary.ts';

/** Ids of a step of a text: a word's own, and those of its characters. */
export function idsOf(text: TextInput): Extract<NetworkInput, { kind: 'ids' }> {
  const { columns } = createVocabulary(text);
  return { kind: 'ids', vocabulary: columns[0]!, ...(columns.length > 1 && { columns }) };
}
