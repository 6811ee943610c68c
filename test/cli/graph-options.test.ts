import { describe, expect, it } from 'vitest';
import { parseGraphOptions } from '../../src/cli/graph-options.ts';

describe('graph options on the command line', () => {
  it('are undefined if none is given', () => expect(parseGraphOptions({})).toBeUndefined());

  it('correspond to `graph` in a model.json', () => {
    expect(
      parseGraphOptions({
        set: ['sr=16000', 'bands=1,2'],
        shape: ['x=1,-1,4'],
        state: ['h=hn'],
        context: '64',
      }),
    ).toEqual({
      set: { sr: 16_000, bands: [1, 2] },
      shapes: { x: [1, -1, 4] },
      states: { h: 'hn' },
      context: 64,
    });
  });

  it('are split at the last =, since tensor names may contain one', () => {
    expect(parseGraphOptions({ set: ['a=b=3'] })?.set).toEqual({ 'a=b': 3 });
  });

  it.each([
    [{ set: ['sr'] }, '--set: must be NAME=VALUE, was sr'],
    [{ set: ['sr=fast'] }, '--set sr: '],
    [{ shape: ['x=1,2.5'] }, '--shape x: '],
    [{ state: ['=hn'] }, '--state: must be NAME=VALUE'],
    [{ context: 'much' }, '--context: '],
    [{ context: '-1' }, '--context: '],
  ])('rejects %j with the name of the option', (options, why) =>
    expect(() => parseGraphOptions(options)).toThrow(why),
  );
});
