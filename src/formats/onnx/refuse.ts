import { UnrollError } from '../../errors.ts';

export function refuse(what: string): never {
  throw new UnrollError('invalid_model', what);
}
