import type { StepGradient } from './recurrent-gradient.ts';

/**
 * LSTM, gates i, f, g, o. Forward: c' = f·c + i·g, h' = o·tanh(c'). Backward, δ for ∂L/∂:
 * δc' += δh'·o·(1 − tanh²c')  δo = δh'·tanh c'  δi = δc'·g  δf = δc'·c  δg = δc'·i  δc = δc'·f
 */
export const lstmGradient: StepGradient = {
  gates: 4,
  recurrentApart: false,

  forward({ products, width, batch, sums, c, tanhC, h, row, before }) {
    for (let b = 0; b < batch; b++) {
      const i = (row + b) * sums.stride;
      const address = sums.at + i * 4;
      products.activate('sigmoid', address, 2 * width);
      products.activate('tanh', address + 2 * width * 4, width);
      products.activate('sigmoid', address + 3 * width * 4, width);
      const next = (row + b) * width;
      const last = (before + b) * width;
      const s = sums.values;
      for (let u = 0; u < width; u++) {
        const cell = s[i + width + u]! * c.all.values[last + u]! + s[i + u]! * s[i + 2 * width + u]!;
        c.next.values[next + u] = cell;
        tanhC.values[next + u] = cell;
      }
      products.activate('tanh', tanhC.at + next * 4, width);
      for (let u = 0; u < width; u++)
        h.next.values[next + u] = s[i + 3 * width + u]! * tanhC.values[next + u]!;
    }
  },

  backward({ width, batch, sums, c, tanhC, dh, dc, row, before }) {
    const s = sums.values;
    for (let b = 0; b < batch; b++) {
      const i = (row + b) * sums.stride;
      const next = (row + b) * width;
      const last = (before + b) * width;
      for (let u = 0; u < width; u++) {
        const at = b * width + u;
        const input = s[i + u]!;
        const forget = s[i + width + u]!;
        const candidate = s[i + 2 * width + u]!;
        const output = s[i + 3 * width + u]!;
        const squashed = tanhC.values[next + u]!;
        const dhu = dh.values[at]!;
        const dcu = dc.values[at]! + dhu * output * (1 - squashed * squashed);
        s[i + u] = dcu * candidate * input * (1 - input);
        s[i + width + u] = dcu * c.all.values[last + u]! * forget * (1 - forget);
        s[i + 2 * width + u] = dcu * input * (1 - candidate * candidate);
        s[i + 3 * width + u] = dhu * squashed * output * (1 - output);
        dc.values[at] = dcu * forget;
        dh.values[at] = 0;
      }
    }
  },
};
