import { invalidModel } from '../format-errors.ts';
import { type Expansion, body, integers, isGiven, node } from './function-body.ts';
import type { OnnxNode } from './read-onnx.ts';

// ConvTranspose as a convolution: of x with stride − 1 zeros behind every number, with the kernel turned round.
// x [N, C, sizes …], w [C, M / groups, kernel …]

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Puts zeros behind every number along all axes but the first two. */
function spread(strides: readonly number[]): OnnxNode[] {
  const rank = strides.length;
  const last = rank + 2;
  // the last axis is spread and becomes the first of them, until all have been
  return strides.flatMap((_, turn) => {
    const name = (part: string): string => `${part}${turn}`;
    const stride = strides[rank - 1 - turn]!;
    return [
      integers(name('at'), last),
      node('Unsqueeze', `x${turn}, ${name('at')} -> ${name('wide')}`),
      integers(name('zeros'), ...range(0, 2 * last + 1).map(() => 0), stride - 1),
      node('Pad', `${name('wide')}, ${name('zeros')} -> ${name('padded')}`),
      integers(name('sizes'), ...range(0, last - 1).map(() => 0), -1),
      node('Reshape', `${name('padded')}, ${name('sizes')} -> ${name('flat')}`),
      node('Transpose', `${name('flat')} -> x${turn + 1}`, { perm: [0, 1, last - 1, ...range(2, last - 1)] }),
    ];
  });
}

/** The kernel of the convolution: [M, C / groups, kernel …], turned round. */
function turnKernel(rank: number, groups: number): OnnxNode[] {
  const kernel = range(0, rank);
  const zeros = kernel.map(() => 0);
  return [
    node('Transpose', 'w -> w0', { perm: [...range(2, rank + 2), 1, 0] }),
    integers('split', ...zeros, 0, groups, -1),
    node('Reshape', 'w0, split -> w1'),
    node('Transpose', 'w1 -> w2', { perm: [...kernel, rank + 2, rank + 1, rank] }),
    integers('joined', ...zeros, 0, -1),
    node('Reshape', 'w2, joined -> w3'),
    node('Transpose', 'w3 -> w4', { perm: [rank + 1, rank, ...kernel] }),
    integers('first', ...kernel.map(() => -1)),
    integers('end', ...kernel.map(() => -(2 ** 31))),
    integers('axes', ...range(2, rank + 2)),
    integers('back', ...kernel.map(() => -1)),
    node('Slice', 'w4, first, end, axes, back -> turned'),
  ];
}

export const transposedConvolution: Expansion = (given) => {
  const { attributes } = given;
  const list = (name: string): readonly number[] => attributes.get(name)?.ints ?? [];
  const kernel = list('kernel_shape');
  const automatic = attributes.get('auto_pad')?.s ?? 'NOTSET';
  if (kernel.length === 0) invalidModel('ConvTranspose without kernel_shape is not supported');
  if (list('output_shape').length > 0 || automatic.startsWith('SAME'))
    invalidModel('ConvTranspose with output_shape or auto_pad SAME is not supported: it must have pads');
  const rank = kernel.length;
  const each = (name: string, otherwise: number): number[] =>
    kernel.map((_, i) => list(name)[i] ?? otherwise);
  const [strides, dilations, extra] = [each('strides', 1), each('dilations', 1), each('output_padding', 0)];
  const pads = automatic === 'VALID' ? [] : list('pads');
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]!);
  const before = reach.map((one, i) => one - (pads[i] ?? 0));
  // of the zeros behind the last number stride − 1 are too many
  const after = reach.map((one, i) => one - (pads[rank + i] ?? 0) + extra[i]! + 1 - strides[i]!);
  const groups = attributes.get('group')?.i ?? 1;
  const bias = isGiven(given, 2) ? ', b' : '';
  return body(
    'x, w, b -> y',
    node('Identity', 'x -> x0'),
    ...spread(strides),
    integers('pads', 0, 0, ...before, 0, 0, ...after),
    node('Pad', `x${rank}, pads -> framed`),
    ...turnKernel(rank, groups),
    node('Conv', `framed, turned${bias} -> y`, {
      kernel_shape: kernel,
      dilations,
      group: groups,
    }),
  );
};
