// The activations in float64.

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const tanh = (x: number): number => Math.tanh(x);
const relu = (x: number): number => (x > 0 || Number.isNaN(x) ? x : 0);

export const activation = { linear: (x: number): number => x, sigmoid, tanh, relu };
