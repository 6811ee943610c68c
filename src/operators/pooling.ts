import { createOperand, elementCount, invalidOperator } from './operand.ts';
import {
  numberAttribute,
  numberListAttribute,
  textAttribute,
  type OperatorImplementation,
} from './operator.ts';
import { required } from './shape.ts';
import { forEachRow, inSlices } from './slices.ts';
import { computeWindows } from './windows.ts';

/** The maximum or the mean of every window of a channel. @param whole the window is the whole channel */
export const pool =
  (mode: 'max' | 'mean', whole: boolean): OperatorImplementation =>
  (operator, [input], context) => {
    const x = required(input);
    const [batch = 0, channels = 0, ...spatial] = x.shape;
    const kernel = whole
      ? spatial
      : (numberListAttribute(operator, 'kernel_shape') ?? invalidOperator('kernel_shape is missing'));
    const isDilated = numberListAttribute(operator, 'dilations')?.some((dilation) => dilation !== 1) ?? false;
    // ONNX and onnxruntime pad differently there
    if (isDilated && textAttribute(operator, 'auto_pad', 'NOTSET').startsWith('SAME'))
      invalidOperator('auto_pad SAME with dilations is not supported');
    const windows = computeWindows(whole ? { ...operator, attributes: {} } : operator, spatial, kernel);
    const count = elementCount(windows.shape);
    const countsPads = numberAttribute(operator, 'count_include_pad', 0) === 1;
    const y = createOperand(context, x.kind, [batch, channels, ...windows.shape], x.known);
    const positions = elementCount(spatial);
    return {
      outputs: [y],
      ...inSlices(batch * channels * count, windows.size, (from, to) => {
        const at = windows.indexes();
        forEachRow(from, to, count, (row, first, last) => {
          for (let r = first; r < last; r++) {
            let [max, sum, visited, padding] = [-Infinity, 0, 0, 0];
            for (let k = 0; k < windows.size; k++) {
              const position = at[r * windows.size + k]!;
              if (position === -1) padding++;
              if (position < 0) continue;
              const value = x.values[row * positions + position]!;
              max = Math.max(max, value);
              sum += value;
              visited++;
            }
            y.values[row * count + r] =
              mode === 'max' ? max : sum / (countsPads ? visited + padding : visited);
          }
        });
      }),
    };
  };
