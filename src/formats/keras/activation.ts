import { invalidModel, quote } from '../format-errors.ts';

const activations = ['linear', 'relu', 'tanh', 'sigmoid', 'softmax'];

/** Parses the name of an activation; a missing one is linear. @throws UnrollError invalid_model */
export function parseActivation(value: unknown, supported: readonly string[] = activations): string {
  const name = value === undefined || value === null ? 'linear' : value;
  if (typeof name !== 'string' || !supported.includes(name))
    return invalidModel(`activation ${quote(name)}, must be one of ${supported.join(', ')}`);
  return name;
}
