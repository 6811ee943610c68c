import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { requireWeights, toUnitsFirst } from '../weight-layout.ts';
import type { Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { collectNotes } from '../recurrent.ts';
import { requireField } from '../require-field.ts';
import { applyActivation } from './activations.ts';
import { formatShape, useStepMask, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import { foldSteps, unfoldSteps } from './time-distributed.ts';
import { readSizes, requireShape } from './windows.ts';

// ConvLSTM1D and ConvLSTM2D: an LSTM whose products are convolutions along one or two axes. The convolution of the
// input runs over all steps at once, the recurrent one in a Scan over the steps.
// x [steps, …sizes, in], kernel [...window, in, 4·filters], recurrent kernel [...window, filters, 4·filters], bias
// [4·filters]; gates i f c o.

const axisCounts: Readonly<Record<string, number>> = { ConvLSTM1D: 1, ConvLSTM2D: 2 };
export const isConvLstm = (className: string): boolean => Object.hasOwn(axisCounts, className);

export function convLstm(
  layer: KerasLayer,
  [x, ...states]: readonly GraphTensor[],
  graph: GraphBuilder,
): readonly GraphTensor[] {
  const { className, config } = layer;
  const rank = axisCounts[className]!;
  if (x!.shape.length !== rank + 2)
    invalidModel(`its input is ${formatShape(x!.shape)}, must have ${rank + 2} axes besides the batch`);
  if (states.length > 0) invalidModel('has initial states, which are not supported');
  requireField(config, 'data_format', ['channels_last']);
  for (const note of collectNotes(config)) graph.addNote(note);
  const hasBias = config['use_bias'] !== false;
  const [kernel, recurrent, bias] = requireWeights(layer, hasBias ? 3 : 2) as [Tensor, Tensor, Tensor?];
  const filters = Number(config['filters']);
  const window = readSizes(config, 'kernel_size', rank, null);
  requireShape(kernel, [...window, x!.shape.at(-1) ?? NaN, 4 * filters]);
  requireShape(recurrent, [...window, filters, 4 * filters]);
  const fromInput = emitInputGates({ config, kernel, bias, window }, x!, graph);
  const scanned = emitScan({ config, recurrent, filters }, fromInput, useStepMask(x!, graph), graph);

  const sizes = fromInput.shape.slice(2);
  const toChannelsLast = (value: string, leading: number): string => {
    const perm = Array.from({ length: leading + rank + 1 }, (_, i) => i);
    return graph.add('Transpose', [value], { perm: [...perm.toSpliced(leading, 1), leading] });
  };
  const single = [...sizes, filters];
  const output: GraphTensor =
    config['return_sequences'] === true
      ? { value: toChannelsLast(scanned.rows, 2), shape: [x!.shape[0]!, ...single], mask: x!.mask ?? null }
      : { value: toChannelsLast(scanned.last, 1), shape: single };
  const ends = config['return_state'] === true ? [scanned.h, scanned.c] : [];
  return [output, ...ends.map((value) => ({ value: toChannelsLast(value, 1), shape: single }))];
}

/** The convolution of all steps: [steps, 4·filters, …sizes]. */
function emitInputGates(
  {
    config,
    kernel,
    bias,
    window,
  }: { config: Config; kernel: Tensor; bias: Tensor | undefined; window: readonly number[] },
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const rank = window.length;
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'valid' && padding !== 'same')
    invalidModel(`padding ${quote(padding)}, must be "valid" or "same"`);
  const strides = readSizes(config, 'strides', rank, 1);
  const dilations = readSizes(config, 'dilation_rate', rank, 1);
  const sizes = x.shape.slice(1, -1).map((size, i) => {
    if (size === null) return invalidModel(`its input is ${formatShape(x.shape)}: its sizes must be known`);
    const reach = (window[i]! - 1) * dilations[i]! + 1;
    if (padding === 'valid' && reach > size) invalidModel(`a window of ${reach} over ${size}`);
    return Math.ceil((padding === 'valid' ? size - reach + 1 : size) / strides[i]!);
  });
  const folded = foldSteps(x, graph);
  const perm = [0, rank + 1, ...window.map((_, i) => i + 1)];
  const channelsFirst = graph.add('Transpose', [folded.value], { perm });
  const weights = [toUnitsFirst(kernel), ...(bias ? [bias] : [])].map((one) => graph.constant(one));
  const value = graph.add('Conv', [channelsFirst, ...weights], {
    strides,
    dilations,
    ...(padding === 'same' && { auto_pad: 'SAME_UPPER' }),
  });
  return unfoldSteps({ ...x, mask: null }, [{ value, shape: [kernel.shape.at(-1)!, ...sizes] }], graph)[0]!;
}

/** Runs the steps. @returns all rows in the order of computation, the last row and the last states */
function emitScan(
  { config, recurrent, filters }: { config: Config; recurrent: Tensor; filters: number },
  gates: GraphTensor,
  mask: string | null,
  graph: GraphBuilder,
): { rows: string; last: string; h: string; c: string } {
  const batch = graph.add('Shape', [gates.value], { start: 0, end: 1 });
  const shape = graph.add('Concat', [batch, graph.numbers([filters, ...gates.shape.slice(2).map(Number)])], {
    axis: 0,
  });
  const zeros = graph.add('Expand', [graph.number(0), shape]);
  const weight = graph.constant(toUnitsFirst(recurrent));
  const scanned = mask === null ? [gates.value] : [gates.value, mask];
  const backwards = config['go_backwards'] === true;
  const activate = (value: string, activation: unknown): string =>
    applyActivation(activation, { value, shape: [] }, graph).value;
  const [last, h, c, rows] = graph.scan(
    [zeros, zeros, zeros],
    scanned,
    {
      scan_input_axes: scanned.map(() => 1),
      scan_input_directions: scanned.map(() => Number(backwards)),
      scan_output_axes: [1],
    },
    ([y, h, c], [fromX, kept]) => {
      const fromH = graph.add('Conv', [h!, weight], { auto_pad: 'SAME_UPPER' });
      const all = graph.add('Add', [fromX!, fromH]);
      const [i, f, g, o] = graph.addMany('Split', [all, graph.numbers(Array<number>(4).fill(filters))], 4, {
        axis: 1,
      });
      const [input, forget, output] = [i!, f!, o!].map((one) =>
        activate(one, config['recurrent_activation'] ?? 'hard_sigmoid'),
      );
      const candidate = activate(g!, config['activation'] ?? 'tanh');
      const nextC = graph.add('Add', [
        graph.add('Mul', [forget!, c!]),
        graph.add('Mul', [input!, candidate]),
      ]);
      const nextH = graph.add('Mul', [output!, activate(nextC, config['activation'] ?? 'tanh')]);
      if (kept === undefined) return { states: [nextH, nextH, nextC], collected: [nextH] };
      const axes = Array.from({ length: gates.shape.length - 1 }, (_, axis) => axis + 1);
      const there = graph.add('Unsqueeze', [kept], { axes });
      const select = (next: string, before: string): string => graph.add('Where', [there, next, before]);
      const row = select(nextH, y!);
      return { states: [row, select(nextH, h!), select(nextC, c!)], collected: [row] };
    },
  );
  return { rows: rows!, last: last!, h: h!, c: c! };
}
