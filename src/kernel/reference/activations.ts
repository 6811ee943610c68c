// The squashing functions in float64.

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const tanh = (x: number): number => Math.tanh(x);
const relu = (x: number): number => (x > 0 || Number.isNaN(x) ? x : 0);

export const activation = { linear: (x: number): number => x, sigmoid, tanh, relu };

/** Keras's piecewise line in place of σ: 0.2·x + 0.5, held within [0, 1]. Some imported weights were trained with it. */
export const hardSigmoid = (x: number): number => Math.max(0, Math.min(1, 0.2 * x + 0.5));
