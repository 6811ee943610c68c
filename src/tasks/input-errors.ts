import { UnrollError } from '../errors.ts';
import type { ServedModel } from '../repository/repository-interface.ts';

export function inputMismatch(
  { spec, name }: Pick<ServedModel, 'spec' | 'name'>,
  field: string,
): UnrollError {
  const expected = spec.inputs.kind === 'text' ? 'a text or a list of texts' : 'numbers as [steps][features]';
  return new UnrollError('input_mismatch', `${field}: the model ${name} takes ${expected}`, { field });
}

export const notFinite = (field: string, value: number): UnrollError =>
  new UnrollError('not_finite', `${field}: must be a finite float32 once scaled, was ${value}`, { field });
