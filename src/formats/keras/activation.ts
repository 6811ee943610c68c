import { shown } from '../arrays.ts';
import { refuse } from './converted.ts';

const activations = ['linear', 'relu', 'tanh', 'sigmoid', 'softmax'];

/** What a config says of an activation; nothing is linear. @throws UnrollError invalid_model */
export function activationOf(said: unknown, known: readonly string[] = activations): string {
  const name = said === undefined || said === null ? 'linear' : said;
  if (typeof name !== 'string' || !known.includes(name))
    return refuse(`the activation ${shown(name)}, must be ${known.join(', ')}`);
  return name;
}
