import { UnrollError } from '../../errors.ts';
import { deriveViews } from '../../operators/analysis/derive-view.ts';
import type { SequenceView } from '../../operators/analysis/sequence-view.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { verifyView } from '../operators/verify-view.ts';
import { describeView, listConversions } from '../operators/view-to-network.ts';
import { graphSettings, type GraphSettings } from './graph-settings.ts';
import { raiseView } from '../raise/raise-view.ts';
import type { OnnxModel } from './read-onnx.ts';
import { onnxToSignedGraph } from './onnx-to-signed-graph.ts';

/**
 * Converts a graph to a network: to layers where it is a stack of them, else to an operator graph that is run once a
 * step or once a sequence. What is returned was verified to give the graph's own numbers.
 * @param settings from model.json
 * @throws UnrollError invalid_model with what is unsupported or could not be derived, or what model.json must set
 */
export function onnxToNetwork(
  model: OnnxModel,
  settings: GraphSettings = graphSettings.parse({}),
): ImportedNetwork {
  const graph = onnxToSignedGraph(model);
  let failure: UnrollError | null = null;
  const reasons: UnrollError[] = [];
  const attempt = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      failure = error;
      return null;
    }
  };
  const writtenBy = `written by ${model.producer || 'an unknown producer'}, opset ${model.opset}`;
  for (const view of deriveViews(graph, settings)) {
    const verified = (network: ImportedNetwork): ImportedNetwork => {
      verifyView(graph, view, network, settings.context);
      return {
        ...network,
        tensors: nameTensors(view),
        notes: [writtenBy, ...describeView(view), ...network.notes],
      };
    };
    const layers = attempt(() => verified(raiseView(graph, view)));
    if (layers) return layers;
    const { message } = failure!;
    for (const convert of listConversions(graph, view, settings)) {
      const network = attempt(() => verified(convert()));
      if (network) return { ...network, notes: [...network.notes, `not converted to layers: ${message}`] };
    }
    reasons.push(failure!);
  }
  throw reasons[0]!;
}

/** The file's names where its tensors are laid out like ours: batch, then steps. */
function nameTensors({ input, output, vocabulary }: SequenceView): ImportedNetwork['tensors'] {
  const { axes } = input;
  const { sizes, time } = output;
  const reads = axes[1] === 'time' && axes.length === (vocabulary === undefined ? 3 : 2);
  const gives = time === null ? sizes.length === 2 : time === 1 && sizes.length === 3;
  return reads && gives && sizes[0] === 1 ? { input: input.name, output: output.name } : undefined;
}
