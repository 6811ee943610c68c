import { invalidWeights } from './format-errors.ts';

/** Keras nests a layer's configuration about 12 deep. JSON nested thousands deep would overflow the stack. */
const maxDepth = 100;
/** Enough for the configuration of thousands of layers. */
const maxBytes = 64 * 1024 * 1024;

/** Parses JSON from a file. @param where its name in errors @throws UnrollError invalid_weights */
export function parseJson(bytes: Uint8Array, where: string): { value: unknown; text: string } {
  if (bytes.length > maxBytes) invalidWeights(`${where} has ${bytes.length} bytes, the limit is ${maxBytes}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    return invalidWeights(`${where} is not JSON`, error);
  }
  checkDepth(text, where);
  try {
    return { value: JSON.parse(text), text };
  } catch (error) {
    return invalidWeights(`${where} is not JSON`, error);
  }
}

function checkDepth(text: string, where: string): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === ']' || character === '}') depth--;
    else if ((character === '[' || character === '{') && ++depth > maxDepth)
      invalidWeights(`${where} is nested more than ${maxDepth} deep`);
  }
}
