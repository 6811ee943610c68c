import { UnrollError } from '../errors.ts';

/** @throws UnrollError invalid_request, always: the value of a field of the request is not allowed */
export function invalidField(field: string, problem: string): never {
  throw new UnrollError('invalid_request', `${field}: ${problem}`, { field });
}
