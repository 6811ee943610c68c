import type { StepGradient } from './recurrent-gradient.ts';

/**
 * GRU, gates r, z, n, reset after the product. With s = R_n h + b': n = tanh(a + r·s), h' = (1 − z)·n + z·h.
 * Backward, δ for ∂L/∂: δn = δh'·(1 − z)  δz = δh'·(h − n)  δa = δn·(1 − n²)  δr = δa·s  δs = δa·r  δh = δh'·z + …
 */
export const gruGradient: StepGradient = {
  gates: 3,
  recurrentApart: true,

  forward({ products, width, batch, sums, recurrent, h, row, before }) {
    const s = sums.values;
    const q = recurrent.values;
    for (let b = 0; b < batch; b++) {
      const i = (row + b) * sums.stride;
      for (let u = 0; u < 2 * width; u++) s[i + u]! += q[i + u]!;
      products.activate('sigmoid', sums.at + i * 4, 2 * width);
      for (let u = 0; u < width; u++) s[i + 2 * width + u]! += s[i + u]! * q[i + 2 * width + u]!;
      products.activate('tanh', sums.at + (i + 2 * width) * 4, width);
      for (let u = 0; u < width; u++) {
        const z = s[i + width + u]!;
        h.next.values[(row + b) * width + u] =
          (1 - z) * s[i + 2 * width + u]! + z * h.all.values[(before + b) * width + u]!;
      }
    }
  },

  backward({ width, batch, sums, recurrent, h, dh, row, before }) {
    const s = sums.values;
    const q = recurrent.values;
    for (let b = 0; b < batch; b++) {
      const i = (row + b) * sums.stride;
      for (let u = 0; u < width; u++) {
        const at = b * width + u;
        const r = s[i + u]!;
        const z = s[i + width + u]!;
        const n = s[i + 2 * width + u]!;
        const dhu = dh.values[at]!;
        const da = dhu * (1 - z) * (1 - n * n);
        const dr = da * q[i + 2 * width + u]! * r * (1 - r);
        const dz = dhu * (h.all.values[(before + b) * width + u]! - n) * z * (1 - z);
        s[i + u] = q[i + u] = dr;
        s[i + width + u] = q[i + width + u] = dz;
        s[i + 2 * width + u] = da;
        q[i + 2 * width + u] = da * r;
        dh.values[at] = dhu * z;
      }
    }
  },
};
