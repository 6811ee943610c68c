import { UnrollError } from '../errors.ts';
import { deriveViews } from '../operators/analysis/derive-view.ts';
import type { SequenceView } from '../operators/analysis/sequence-view.ts';
import type { SignedGraph } from '../operators/signature.ts';
import type { ImportedNetwork } from './imported-network.ts';
import { verifyView } from './operators/verify-view.ts';
import { describeView, listConversions } from './operators/view-to-network.ts';
import { raiseView } from './raise/raise-view.ts';
import type { ViewVerdict } from './view-verdicts.ts';
import { graphSettings, type GraphSettings } from './onnx/graph-settings.ts';

/**
 * Converts a graph to a network: to layers where it is a stack of them, else to an operator graph that is run once a
 * step or once a sequence. What is returned was verified to give the graph's own numbers.
 * @param writtenBy a note on what wrote the file
 * @param settings from model.json
 * @param known of the same file and settings
 * @throws UnrollError invalid_model with what is unsupported or could not be derived, or what model.json must set
 */
export function graphToNetwork(
  graph: SignedGraph,
  writtenBy: string,
  settings: GraphSettings = graphSettings.parse({}),
  known: ViewVerdict | null = null,
): ImportedNetwork & { readonly verdict: ViewVerdict } {
  if (known && 'reason' in known) throw new UnrollError('invalid_model', known.reason);
  let reason: UnrollError | null = null;
  for (const view of known ? [known.view] : deriveViews(graph, settings)) {
    const failures: UnrollError[] = [];
    for (const [conversion, convert] of listAllConversions(graph, view, settings).entries())
      try {
        if (known && conversion < known.conversion) continue;
        const network = convert();
        if (!known) verifyView(graph, view, network, settings.context);
        const [notLayers] = failures;
        const notes = [
          writtenBy,
          ...describeView(view),
          ...network.notes,
          ...(notLayers ? [`not converted to layers: ${notLayers.message}`] : []),
        ];
        return { ...network, tensors: nameTensors(view), notes, verdict: { view, conversion } };
      } catch (error) {
        if (!(error instanceof UnrollError)) throw error;
        failures.push(error);
      }
    reason ??= failures.at(-1)!;
  }
  throw reason!;
}

const listAllConversions = (
  graph: SignedGraph,
  view: SequenceView,
  settings: GraphSettings,
): (() => ImportedNetwork)[] => [() => raiseView(graph, view), ...listConversions(graph, view, settings)];

/** The file's names where its tensors are laid out like ours: batch, then steps. */
function nameTensors({ input, output, vocabulary }: SequenceView): ImportedNetwork['tensors'] {
  const { axes } = input;
  const { sizes, time } = output;
  const reads = axes[1] === 'time' && axes.length === (vocabulary === undefined ? 3 : 2);
  const gives = time === null ? sizes.length === 2 : time === 1 && sizes.length === 3;
  return reads && gives && sizes[0] === 1 ? { input: input.name, output: output.name } : undefined;
}
