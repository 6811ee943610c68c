import { invalidModel, quote } from '../format-errors.ts';

const activations = ['linear', 'relu', 'tanh', 'sigmoid', 'softmax'];

/** What a config says of an activation; nothing is linear. @throws UnrollError invalid_model */
export function parseActivation(said: unknown, known: readonly string[] = activations): string {
  const name = said === undefined || said === null ? 'linear' : said;
  if (typeof name !== 'string' || !known.includes(name))
    return invalidModel(`the activation ${quote(name)}, must be ${known.join(', ')}`);
  return name;
}
