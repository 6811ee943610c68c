import type { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import { findExampleCall, formatCurl } from '../example-call.ts';
import { findTensorPath } from '../../open-inference/infer-any.ts';
import { parseReference } from '../../repository/model-reference.ts';
import type { ModelListing, Repository, ServedModel } from '../../repository/repository-interface.ts';
import type { SkippedPath } from '../../repository/skipped-paths.ts';
import type { TaskContext } from '../../tasks/context.ts';
import type { modelDetails, modelSummary } from './schemas/models.ts';

// Models in the format of /v1/models.

type Summary = z.output<typeof modelSummary>;
type Details = z.output<typeof modelDetails>;
type Versions = readonly [ModelListing, ...ModelListing[]];

/** The version that a name without a version refers to: the highest that is ready, else the highest. */
const current = (versions: Versions): ModelListing => versions.find(({ ready }) => ready) ?? versions[0];

function byName(listings: readonly ModelListing[]): Versions[] {
  const groups = Map.groupBy(listings, ({ name }) => name);
  return [...groups.values()].map(
    (group) => group.toSorted((a, b) => b.version - a.version) as unknown as Versions,
  );
}

const toSummary = (shown: ModelListing, versions: readonly ModelListing[]) => ({
  id: shown.name,
  object: 'model' as const,
  created: shown.created,
  owned_by: 'unroll' as const,
  task: shown.task,
  version: shown.version,
  versions: versions.map(({ version }) => version),
  ready: shown.ready,
  error: shown.error,
  tensors:
    shown.served &&
    (findTensorPath(shown.served).kind === 'graph' ? ('graph' as const) : ('layers' as const)),
  no_sequence_view: shown.served?.spec === null ? shown.served.reason : null,
});

export const toModelSummaries = (listings: readonly ModelListing[]): Summary[] =>
  byName(listings).map((versions) => toSummary(current(versions), versions));

/** What the models folder has that is not where a version must be: listed, so that it is not overlooked. */
export const toSkippedSummary = ({ path, reason }: SkippedPath): Summary => ({
  id: path,
  object: 'model',
  created: 0,
  owned_by: 'unroll',
  task: null,
  version: null,
  versions: [],
  ready: false,
  error: `${path} ${reason}`,
  tensors: null,
  no_sequence_view: null,
});

/** Finds the version that a reference names. @throws UnrollError invalid_model_name, model_not_found */
export function findModel(
  repository: Pick<Repository, 'list'>,
  reference: string,
): { shown: ModelListing; versions: Versions } {
  const { name, version } = parseReference(reference);
  const versions = byName(repository.list(name))[0];
  const shown =
    versions && (version === null ? current(versions) : versions.find((one) => one.version === version));
  if (!versions || !shown)
    throw new UnrollError(
      'model_not_found',
      `there is no model ${reference}; GET /v1/models lists what there is`,
      {
        field: 'model',
      },
    );
  return { shown, versions };
}

/** @param url where the caller reaches the server; `keyed` where it asks for a key */
export function toModelDetails(
  { shown, versions }: { shown: ModelListing; versions: Versions },
  { engine }: TaskContext,
  { url, keyed }: { readonly url: string; readonly keyed: boolean },
): Details {
  const { served } = shown;
  const call = served && findExampleCall(served);
  const spec = served?.spec;
  const info = served?.network?.info;
  return {
    ...toSummary(shown, versions),
    description: spec?.description ?? '',
    causal: info?.causal ?? null,
    parameters: info?.parameters ?? null,
    weight_bytes: served ? (info?.weightBytes ?? 0) + (served.graph?.weightBytes ?? 0) : null,
    state_floats: info?.stateFloats ?? null,
    layers: info ? [...info.layers] : [],
    kernel: info?.kernel ?? served?.graph?.kernel ?? engine.kernel,
    inputs: served?.spec ? toInputs(served) : null,
    labels: spec?.outputs.labels ?? null,
    decoding: spec?.decoding ?? {},
    example: call?.body ?? null,
    curl: call && formatCurl(url, call, keyed),
    provenance: spec?.provenance ?? {},
  };
}

const toInputs = ({ spec: { inputs }, vocabulary }: ServedModel): Details['inputs'] =>
  inputs.kind === 'text'
    ? { kind: 'text', vocabulary: inputs.vocabulary, size: vocabulary!.tokens.length }
    : { kind: 'numeric', size: inputs.features.length, features: inputs.features.map(({ name }) => name) };
