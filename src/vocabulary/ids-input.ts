import type { NetworkInput } from '../network/input.ts';
import type { TextInput } from '../network/spec.ts';
import { vocabularySizes } from './vocabulary.ts';

/**
 * The network input of a text: the id of each token, and those of its characters where the model reads them.
 */
export function toIdsInput({ tokens, characters }: TextInput): Extract<NetworkInput, { kind: 'ids' }> {
  const columns = vocabularySizes(tokens.length, characters, characters?.tokens.length ?? 0);
  return { kind: 'ids', vocabulary: columns[0]!, ...(columns.length > 1 && { columns }) };
}
