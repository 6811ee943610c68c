// Elementwise functions of one number, in float64. NaN gives NaN; ±∞ gives the limit.

/** σ(x) = 1 / (1 + e^−x) */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const tanh = (x: number): number => Math.tanh(x);

export const exp = (x: number): number => Math.exp(x);

/** max(0, x) */
export const relu = (x: number): number => Math.max(0, x);
