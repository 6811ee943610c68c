import { zipSync, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { graphSettings } from '../../../src/formats/onnx/graph-settings.ts';
import { readArchive } from '../../../src/formats/torchscript/archive.ts';
import { torchscriptToGraph } from '../../../src/formats/torchscript/torchscript-to-graph.ts';
import type { SignedGraph } from '../../../src/operators/signature.ts';
import { makeArchive, makeForward } from './make-archive.ts';
import { runSignedGraph } from './run-signed-graph.ts';

const convert = (bytes: Uint8Array, settings: object = {}): SignedGraph =>
  torchscriptToGraph(readArchive(bytes), graphSettings.parse(settings));
const shaped = { shapes: { x: [2, 3] } };
const x = { kind: 'float', shape: [2, 3], values: [1, -2, 3, -4, 5, -6] } as const;
const run = (body: readonly string[], settings: object = shaped): number[] =>
  Array.from(
    runSignedGraph(convert(makeForward('x: Tensor', body), settings), { x }, Float64Array).get('output')!
      .values,
  );

describe('code that is not supported is refused with its file and line', () => {
  it.each([
    [
      'an unknown operator',
      ['y = torch.relu(x)', 'return torch.fft_rfft(y)'],
      /line 5: the operator torch\.fft_rfft is not supported/,
    ],
    [
      'an operator of another library',
      ['return ops.torchvision.nms(x)'],
      /line 4: the operator ops\.torchvision\.nms/,
    ],
    [
      'a loop without a bound',
      ['while bool(torch.gt(torch.sum(x), 0)):', '  y = x', 'return x'],
      /line 4: a loop without a known number of steps/,
    ],
    [
      'a loop that never ends',
      ['y = True', 'while y:', '  pass', 'return x'],
      /line [56]: the code takes more than 2000000 steps/,
    ],
    [
      'a branch on numbers of the input',
      ['if bool(torch.gt(torch.sum(x), 0)):', '  y = x', 'else:', '  y = torch.neg(x)', 'return y'],
      /line 4: an `if` whose condition depends on/,
    ],
    [
      'an attribute that is kept between calls',
      ['self.h = x', 'return x'],
      /line 4: sets the attribute "h" of a module/,
    ],
    ['a random number', ['return torch.dropout(x, 0.5, True)'], /line 4: drops values at random/],
    [
      'a mask as an index',
      ['return torch.index(x, annotate(List[Optional[Tensor]], [torch.gt(x, 0)]))'],
      /line 4: a mask as the index/,
    ],
    ['half precision', ['return torch.to(x, 5)'], /line 4: the type of elements float16/],
    [
      'an argument that is not known',
      ['return torch.softmax(x, -1, mystery=3)'],
      /line 4: the argument "mystery"/,
    ],
    [
      'an error that the code raises',
      ['ops.prim.RaiseException("not for you")'],
      /line 4: the code raises "not for you"/,
    ],
    ['a name that is not defined', ['return y'], /line 4: the name "y" is not defined/],
    ['itself', ['return (self).forward(x, )'], /calls are nested more than 100 deep/],
    [
      'sorting that packs nothing',
      ['a, b = torch.sort(torch.select(x, 0, 0), -1, True)', 'return a'],
      /sorting is supported only for the lengths of packed sequences/,
    ],
    [
      'sizes that do not fit',
      ['return torch.matmul(x, x)'],
      /line 4: the inner sizes of a product: sizes of 3 and 2/,
    ],
    [
      'too many operators',
      ['y = x', 'for i in range(50000):', '  y = torch.add(torch.mul(y, x), i)', 'return y'],
      /line 6: the code makes more than 40000 operators/,
    ],
    [
      'a view of a tensor that was written to',
      [
        'a = torch.select(x, 0, 0)',
        'b = torch.mul(x, 2)',
        'c = torch.select(b, 0, 0)',
        'd = torch.zero_(b)',
        'return c',
      ],
      /reads a view of a tensor that was written to/,
    ],
  ])('%s', (_, body, says) => {
    expect(() => convert(makeForward('x: Tensor', body), shaped)).toThrow(says);
  });

  it.each([
    [
      'a module without forward',
      'class Model(Module):\n  def other(self: __torch__.Model) -> int:\n    return 1\n',
      /"__torch__.Model" has no forward/,
    ],
    [
      'a parameter that is a list',
      'class Model(Module):\n  def forward(self: __torch__.Model,\n    x: List[Tensor]) -> Tensor:\n    return x[0]\n',
      /the parameter "x" of forward is neither a tensor/,
    ],
    [
      'an output that is a string',
      'class Model(Module):\n  def forward(self: __torch__.Model,\n    x: Tensor) -> str:\n    return "no"\n',
      /the output "output" is a string/,
    ],
  ])('%s', (_, code, says) => {
    expect(() => convert(makeArchive(code))).toThrow(says);
  });
});

describe('code that is not what it claims is refused with its line', () => {
  it.each([
    ['an operator between values', ['return x + 1'], /line 4: "\+ 1" is not valid code/],
    ['an import', ['import os', 'return x'], /line 4: "os", must be|line 4: a name/],
    ['a lambda', ['f = lambda y: y', 'return x'], /line 4/],
    ['a bracket that is not closed', ['return torch.relu(x'], /a bracket is not closed/],
    ['an indentation that fits no block', ['   y = x', '  z = x', 'return x'], /line 5/],
    [
      'expressions 10,000 deep',
      [`return ${'('.repeat(10_000)}x${')'.repeat(10_000)}`],
      /line 4: nested more than 200 deep/,
    ],
  ])('%s', (_, body, says) => {
    expect(() => convert(makeForward('x: Tensor', body), shaped)).toThrow(says);
  });

  it('an archive without code', () => {
    const entries = unzipSync(makeForward('x: Tensor', ['return x']));
    delete entries['model/code/__torch__.py'];
    expect(() => convert(zipSync(entries))).toThrow(/no code/);
  });

  it('an archive without the weights that its pickle names', () => {
    const entries = unzipSync(
      makeForward('x: Tensor', ['w = self.w', 'return torch.mul(x, w)'], {
        w: { shape: [3], values: [1, 2, 3] },
      }),
    );
    delete entries['model/data/0'];
    expect(() => convert(zipSync(entries), shaped)).toThrow(/no "data\/0"/);
  });
});

describe('what a file does not say', () => {
  it('is refused with the setting that gives it: several numbers of dimensions fit', () => {
    const bytes = makeForward('x: Tensor', ['return torch.softmax(x, -1)']);
    expect(() => convert(bytes)).toThrow(/"x" 1 or 2 or 3; in model\.json, graph\.shapes gives the shapes/);
    expect(convert(bytes, { shapes: { x: [1, -1, 4] } }).signature.inputs[0]!.shape).toEqual([
      'x.0',
      'x.1',
      4,
    ]);
  });

  it('is refused with the setting that gives it: a number without a default', () => {
    const bytes = makeForward('x: Tensor,\n    k: int', ['return torch.mul(x, k)']);
    expect(() => convert(bytes, shaped)).toThrow(
      /"k" of forward is a number without a default: .*graph\.set/,
    );
    const graph = convert(bytes, { ...shaped, set: { k: 3 } });
    expect(runSignedGraph(graph, { x }, Float64Array).get('output')!.values[1]).toBe(-6);
  });

  it('names the inputs that graph.shapes may give', () => {
    expect(() => convert(makeForward('x: Tensor', ['return x']), { shapes: { y: [1] } })).toThrow(
      /graph\.shapes: "y", must be one of "x"/,
    );
  });
});

describe('writes into tensors', () => {
  it('reach every view that has the same place', () => {
    // y = 2x; its first row is set to zeros, its last column to 7
    const body = [
      'y = torch.mul(x, 2)',
      'a = torch.zero_(torch.select(y, 0, 0))',
      'b = torch.fill_(torch.select(y, 1, -1), 7)',
      'return y',
    ];
    expect(run(body)).toEqual([0, 0, 7, -8, 10, 7]);
  });
  it('reach a range of an axis', () => {
    const body = ['y = torch.mul(x, 2)', 'a = torch.add_(torch.slice(y, 1, 1, 3), 100)', 'return y'];
    expect(run(body)).toEqual([2, 96, 106, -8, 110, 88]);
  });
  it('do not reach a copy', () => {
    expect(run(['y = torch.clone(x)', 'a = torch.zero_(y)', 'return torch.add(x, y)'])).toEqual([
      ...x.values,
    ]);
  });
  it('to an attribute of the module are refused', () => {
    const bytes = makeForward(
      'x: Tensor',
      ['w = self.w', 'a = torch.add_(torch.select(w, 0, 0), 1)', 'return torch.mul(x, w)'],
      { w: { shape: [3], values: [1, 2, 3] } },
    );
    expect(() => convert(bytes, shaped)).toThrow(/line 5: writes to an attribute of the module/);
  });
});

describe('a module that was saved while training', () => {
  it('is served as after eval()', () => {
    const bytes = makeForward(
      'x: Tensor',
      ['training = self.training', 'return torch.dropout(x, 0.5, training)'],
      { training: true },
    );
    expect(runSignedGraph(convert(bytes, shaped), { x }, Float64Array).get('output')!.values[5]).toBe(-6);
  });
});
