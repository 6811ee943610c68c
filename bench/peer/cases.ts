import { type ClassifierSize, classifierOnnx, stepOnnx, type StepSize, taggerOnnx } from './models.ts';

// The models of the comparison: three of fixed sizes, which run with int8 weights too, and two whose sizes are drawn in each run, so that no size can be
// prepared for.

export type Case = {
  /** Of the model. */
  readonly name: string;
  readonly onnx: Uint8Array;
  readonly requests: number;
  /** Of this server's weights: the peer's are those of the file. */
  readonly precision: 'float32' | 'int8';
} & (
  | { readonly task: 'classify' | 'tag'; readonly size: ClassifierSize }
  | { readonly task: 'generate'; readonly size: StepSize }
);

const classifier = { vocabulary: 200, embedding: 64, units: 128, labels: 25 };
const tagger = { vocabulary: 20_000, embedding: 100, units: 256, labels: 45 };
const step = { vocabulary: 96, embedding: 96, units: 512 };

export function createCases(): Case[] {
  const precision = 'float32';
  const drawnClassifier = drawSize();
  const drawnTagger = drawSize();
  const fixed: Case[] = [
    {
      name: 'classify',
      task: 'classify',
      size: classifier,
      onnx: classifierOnnx(classifier, 1),
      requests: 1500,
      precision,
    },
    { name: 'tag', task: 'tag', size: tagger, onnx: taggerOnnx(tagger, 2), requests: 400, precision },
    { name: 'generate', task: 'generate', size: step, onnx: stepOnnx(step, 3), requests: 64, precision },
  ];
  return [
    ...fixed,
    ...fixed.map((one) => ({ ...one, precision: 'int8' }) as const),
    {
      name: 'drawn-classify',
      task: 'classify',
      size: drawnClassifier,
      onnx: classifierOnnx(drawnClassifier, 4),
      requests: 600,
      precision,
    },
    {
      name: 'drawn-tag',
      task: 'tag',
      size: drawnTagger,
      onnx: taggerOnnx(drawnTagger, 5),
      requests: 400,
      precision,
    },
  ];
}

/** What it is called where it is printed. */
export const titleOf = ({ name, precision }: Case): string => (precision === 'int8' ? `${name} int8` : name);

function drawSize(): ClassifierSize {
  const between = (low: number, high: number): number => low + Math.floor(Math.random() * (high - low + 1));
  return {
    vocabulary: between(100, 5000),
    embedding: between(16, 128),
    units: between(48, 320),
    labels: between(2, 60),
  };
}
