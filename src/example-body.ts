const texts: Readonly<Record<string, object>> = {
  classify: { input: 'Alle Menschen sind frei und gleich an Würde', top_k: 3 },
  tag: { input: 'Time flies like an arrow' },
  decode: { input: 'unroll', beam_size: 5 },
  generate: { prompt: 'The ', max_tokens: 200 },
  predict: { input: 'unroll' },
};

/**
 * A request that a model of a task answers.
 * @param features how many numbers a step of its input has; null where it reads texts
 */
export const exampleBody = (task: string, features: number | null): object =>
  features === null || task === 'generate'
    ? (texts[task] ?? texts['classify']!)
    : { ...texts[task], input: [Array.from({ length: features }, () => 0)] };
