import { UnrollError } from '../../errors.ts';
import type { InputAxis, SequenceView, ViewSettings } from '../../operators/analysis/sequence-view.ts';
import type { SignedGraph } from '../../operators/signature.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { listAttempts, type Attempt } from '../graph-to-network.ts';
import type { GraphSettings } from '../onnx/graph-settings.ts';
import type { ConvertedModel } from './convert-model.ts';
import type { GraphInput } from './model-input.ts';
import { formatShape } from './to-operators/graph-builder.ts';

/** Lists the views that a model's shapes allow, the best first. A row that is no sequence is one step. */
export function* listKerasAttempts(
  graph: SignedGraph,
  { graph: { vocabularies }, inputs, outputs }: ConvertedModel,
  settings: GraphSettings,
): Generator<Attempt> {
  if (Object.keys(settings.shapes).length > 0) return yield* listAttempts(graph, settings);
  let failure: UnrollError | null = null;
  let found = false;
  const derive = (
    toAxes: (input: GraphInput) => readonly InputAxis[],
    more: Partial<ViewSettings & GraphSettings> = {},
  ): Attempt[] => {
    const axes = Object.fromEntries(inputs.map((one) => [one.input.name, toAxes(one)]));
    try {
      const attempts = listAttempts(graph, { ...settings, axes, ...more });
      found = true;
      return attempts;
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure ??= error;
      return [];
    }
  };
  const findTime = ({ input, shape }: GraphInput): number => {
    const open = shape.indexOf(null);
    return open < 0 && (shape.length === 2 || vocabularies.has(input.name)) ? 0 : open;
  };
  const rows = (one: GraphInput): readonly InputAxis[] => [
    'batch',
    ...one.shape.map((size, axis) => (size === null || axis === findTime(one) ? 'time' : size)),
  ];
  const sequence = inputs.find((one) => findTime(one) >= 0);
  if (sequence) {
    const steps = sequence.shape[findTime(sequence)] ?? null;
    // layers accept other lengths than the file's
    yield* derive(rows).filter(({ conversion }) => steps === null || conversion === 'layers');
    if (steps !== null)
      for (const attempt of derive(rows, { steps, runs: 'sequence' }))
        yield { ...attempt, view: asRows(attempt.view) };
  } else {
    const image = inputs.find(({ shape }) => shape.length > 2);
    if (image)
      invalidModel(
        `${quote(image.input.name)} has the input shape ${formatShape(image.shape)}: at most time and features are supported`,
      );
    // rows have nothing to do with each other: those of a batch may be steps
    const alone = (one: GraphInput): readonly InputAxis[] => ['time', ...(one.shape as number[])];
    yield* derive(alone).filter(({ conversion }) => conversion === 'layers');
    yield* outputs.some(({ shape }) => shape.length > 1)
      ? derive(alone, { steps: 1, runs: 'sequence' })
      : derive(rows);
  }
  if (failure && !found) throw failure;
}

/** A view of one length whose output has as many rows as there are steps: a row a step. */
function asRows(view: SequenceView): SequenceView {
  const { output, steps } = view;
  const [one, rows, width] = output.sizes;
  if (output.sizes.length !== 3 || one !== 1 || rows !== steps || output.time !== null) return view;
  return { ...view, output: { ...output, time: 1, sizes: [1, -1, width!], rows: { stride: 1, offset: 0 } } };
}
