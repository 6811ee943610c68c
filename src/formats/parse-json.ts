import { invalidWeights } from './format-errors.ts';

/** Keras nests a layer's configuration about 12 deep; what is nested 5,000 deep could not even be shown in an error. */
const deepest = 100;
/** A configuration is long where a model has thousands of layers. */
const mostBytes = 64 * 1024 * 1024;

/** JSON of a file. @param where names it in errors @throws UnrollError invalid_weights */
export function parseJson(bytes: Uint8Array, where: string): { value: unknown; text: string } {
  if (bytes.length > mostBytes)
    invalidWeights(`${where} has ${bytes.length} bytes, the limit is ${mostBytes}`);
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
    else if ((character === '[' || character === '{') && ++depth > deepest)
      invalidWeights(`${where} is nested more than ${deepest} deep`);
  }
}
