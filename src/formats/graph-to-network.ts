import { UnrollError } from '../errors.ts';
import { deriveViews } from '../operators/analysis/derive-view.ts';
import type { SequenceView } from '../operators/analysis/sequence-view.ts';
import type { SignedGraph } from '../operators/signature.ts';
import type { ImportedNetwork } from './imported-network.ts';
import { verifyView } from './operators/verify-view.ts';
import { convertView, describeView, listConversions, type Conversion } from './operators/view-to-network.ts';
import type { ViewVerdict } from './view-verdicts.ts';
import { graphSettings, type GraphSettings } from './onnx/graph-settings.ts';

/** A view of a graph, and how it becomes a network under it. */
export interface Attempt {
  readonly view: SequenceView;
  readonly conversion: Conversion;
}

/** What is known of a graph besides itself. */
interface GraphSource {
  /** Notes on the file. */
  readonly notes: readonly string[];
  /** From model.json. */
  readonly settings?: GraphSettings | undefined;
  /** Of the same file and settings. */
  readonly known?: ViewVerdict | null | undefined;
  /** What the layer that computes a value is called. */
  readonly nameLayer?: (value: string) => string;
  /** What may be tried, the best first; by default all conversions of the views that are derived. */
  readonly attempts?: () => Iterable<Attempt>;
}

/**
 * Converts a graph to a network: to layers where it is a stack of them, else to an operator graph that is run once a
 * step or once a sequence. What is returned was verified to give the graph's own numbers.
 * @throws UnrollError invalid_model with what is unsupported or could not be derived, or what model.json must set
 */
export function graphToNetwork(
  graph: SignedGraph,
  {
    notes,
    settings = graphSettings.parse({}),
    known,
    nameLayer,
    attempts = () => listAttempts(graph, settings),
  }: GraphSource,
): ImportedNetwork & { readonly verdict: ViewVerdict } {
  if (known && 'reason' in known) throw new UnrollError('invalid_model', known.reason);
  const failures: (Attempt & { readonly error: UnrollError })[] = [];
  for (const attempt of known ? [known] : attempts())
    try {
      const { view, conversion } = attempt;
      const network = convertView(conversion, graph, view, settings.context, nameLayer);
      const shortest = known?.shortest ?? verifyView(graph, view, network, settings.context);
      const notLayers = failures.find((one) => one.conversion === 'layers');
      return {
        ...network,
        tensors: nameTensors(view),
        givesTensors: shortest === 1 && isBatchOfSequences(graph, view),
        notes: [
          ...notes,
          ...describeView(view),
          ...network.notes,
          ...(notLayers ? [`not converted to layers: ${notLayers.error.message}`] : []),
        ],
        verdict: { view, conversion, shortest },
      };
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failures.push({ ...attempt, error });
    }
  throw failures.findLast(({ view }) => view === failures[0]!.view)!.error;
}

/** @throws UnrollError invalid_model where no view can be derived */
export const listAttempts = (
  graph: SignedGraph,
  settings: Parameters<typeof deriveViews>[1] & Pick<GraphSettings, 'runs'>,
): Attempt[] =>
  deriveViews(graph, settings).flatMap((view) =>
    listConversions(view, settings.runs).map((conversion) => ({ view, conversion })),
  );

/** The file's names where its tensors are laid out like ours: batch, then steps. */
function nameTensors({ input, output, vocabulary }: SequenceView): ImportedNetwork['tensors'] {
  const { axes } = input;
  const { sizes, time } = output;
  const reads = axes[1] === 'time' && axes.length === (vocabulary === undefined ? 3 : 2);
  const gives = time === null ? sizes.length === 2 : time === 1 && sizes.length === 3;
  return reads && gives && sizes[0] === 1 ? { input: input.name, output: output.name } : undefined;
}

/**
 * Whether a view is all there is to a graph: its one input is a batch of sequences of any length, its one output a row
 * for each step or sequence.
 */
function isBatchOfSequences({ signature }: SignedGraph, view: SequenceView): boolean {
  const { input, output, vocabulary, states, starts, lengths, set } = view;
  const { rows, rowsPerStep } = output;
  const alone = signature.inputs.length === 1 && signature.outputs.length === 1;
  return (
    alone &&
    nameTensors(view) !== undefined &&
    input.axes[0] === 'batch' &&
    output.batch === 0 &&
    input.shape!.slice(0, 2).every((size) => typeof size !== 'number') &&
    (vocabulary === undefined ? input.datatype === 'FP32' : /^INT(32|64)$/.test(input.datatype)) &&
    output.datatype === 'FP32' &&
    states.length + starts.length + lengths.length + set.size === 0 &&
    (rows === null || (rows.stride === 1 && rows.offset === 0 && rowsPerStep === 1))
  );
}
