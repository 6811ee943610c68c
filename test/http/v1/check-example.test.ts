import { describe, expect, it } from 'vitest';
import { checkExample } from '../../../src/http/v1/check-example.ts';
import { UnrollError } from '../../../src/errors.ts';
import type { ServedModel } from '../../../src/repository/repository-interface.ts';
import { models } from '../../tasks/fake-context.ts';

const check = (model: ServedModel, example: Record<string, unknown>): Promise<void> =>
  checkExample({ ...model, spec: { ...model.spec, example } });
const accepts = (model: ServedModel, example: Record<string, unknown>) =>
  expect(check(model, example)).resolves.toBeUndefined();
const refuses = (model: ServedModel, example: Record<string, unknown>, field: string, message: string) =>
  expect(check(model, example)).rejects.toMatchObject({
    code: 'invalid_model',
    field,
    message: expect.stringContaining(`model.json: example: ${message}`) as string,
  });

describe('the example of a model.json', () => {
  it('is a body of the model’s task', async () => {
    await accepts(models.classify(), { input: 'abc', top_k: 2 });
    await accepts(models.tag(), { input: [['a', 'b']] });
    await accepts(models.predict(), {
      input: [
        [1, 2],
        [3, 4],
      ],
      stream: true,
    });
    await accepts(models.generate(), { prompt: 'ab', max_tokens: 5000 });
  });

  it('may be missing', () => expect(checkExample(models.tag())).resolves.toBeUndefined());

  it.each([
    ['a field that the task does not have', { input: 'a', beam_size: 2 }, 'beam_size', 'beam_size: the task classify has no such field'],
    ['a field of the wrong type', { input: 'a', top_k: 'all' }, 'top_k', 'top_k: '],
    ['no input', {}, 'input', 'input: '],
    ['numbers for a text', { input: [[1, 2]] }, 'input[0]', 'input'],
    ['a text without steps', { input: '' }, 'input', 'input: the text has no characters'],
    ['values that the network does not have', { input: 'a', include: ['hidden'], include_layers: ['x'] }, 'include', 'include'],
    ['a state, which one server has made', { input: 'a', state: 'abc' }, 'state', 'state: not allowed'],
  ])('is refused with %s', async (_, example, field, message) => {
    const model = models.classify();
    const info = { ...model.network.info, inside: [] };
    await refuses({ ...model, network: { ...model.network, info } }, example, `example.${field}`, message);
  }); // prettier-ignore

  it('is refused with another number of features than the model has', () =>
    refuses(models.predict(), { input: [[1, 2, 3]] }, 'example.input[0]', 'input[0]: a step has 2 features'));

  it('is refused with more steps than the network supports', () => {
    const model = models.predict();
    const checkLength = (steps: number): void => {
      if (steps !== 2) throw new UnrollError('input_mismatch', `input: ${steps} steps`, { field: 'input' });
    };
    const served = { ...model, network: { ...model.network, checkLength } };
    return refuses(served, { input: [[1, 2]] }, 'example.input', 'input: 1 steps');
  });
});
