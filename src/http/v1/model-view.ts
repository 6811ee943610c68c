import type { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import { findExampleCall, formatCurl } from '../example-call.ts';
import { findTensorPath } from '../../open-inference/infer-any.ts';
import type { ModelListing, Repository, ServedModel } from '../../repository/repository-interface.ts';
import type { SkippedPath } from '../../repository/skipped-paths.ts';
import type { TaskContext } from '../../tasks/context.ts';
import type { modelDetails, modelSummary } from './schemas/models.ts';

// Models in the format of /v1/models.

type Summary = z.output<typeof modelSummary>;
type Details = z.output<typeof modelDetails>;

type Listings = Pick<Repository, 'find' | 'list' | 'aliases'>;

const toSummary = (shown: ModelListing, { versions, aliases }: FoundModel) => ({
  id: shown.name,
  object: 'model' as const,
  created: shown.created,
  owned_by: 'unroll' as const,
  task: shown.task,
  version: shown.version,
  versions: versions.map(({ version }) => version),
  aliases: Object.fromEntries(aliases),
  ready: shown.ready,
  error: shown.error,
  tensors:
    shown.served &&
    (findTensorPath(shown.served).kind === 'graph' ? ('graph' as const) : ('layers' as const)),
  no_sequence_view: shown.served?.spec === null ? shown.served.reason : null,
});

/** @param listings every version that the caller may see */
export const toModelSummaries = (repository: Listings, listings: readonly ModelListing[]): Summary[] =>
  [...Map.groupBy(listings, ({ name }) => name)].map(([name, versions]) => {
    try {
      const found = findModel(repository, name);
      return toSummary(found.shown, found);
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      // its alias default points at no version that there is, or cannot be read
      const model = { versions, aliases: repository.aliases(name) };
      const summary = toSummary(versions[0]!, { shown: versions[0]!, ...model });
      return { ...summary, version: null, ready: false, error: error.message };
    }
  });

/** What the models folder has that is not where a version must be: listed, so that it is not overlooked. */
export const toSkippedSummary = ({ path, reason }: SkippedPath): Summary => ({
  id: path,
  object: 'model',
  created: 0,
  owned_by: 'unroll',
  task: null,
  version: null,
  versions: [],
  aliases: {},
  ready: false,
  error: `${path} ${reason}`,
  tensors: null,
  no_sequence_view: null,
});

/** The version that a reference names, with all versions of its model. */
interface FoundModel {
  readonly shown: ModelListing;
  readonly versions: readonly ModelListing[];
  readonly aliases: ReadonlyMap<string, number>;
}

/** Finds the version that a reference names. @throws as `Repository.find` */
export function findModel(repository: Listings, reference: string): FoundModel {
  const shown = repository.find(reference);
  return { shown, versions: repository.list(shown.name), aliases: repository.aliases(shown.name) };
}

/** @param url where the caller reaches the server; `keyed` where it asks for a key */
export function toModelDetails(
  found: FoundModel,
  { engine }: TaskContext,
  { url, keyed }: { readonly url: string; readonly keyed: boolean },
): Details {
  const { shown } = found;
  const { served } = shown;
  const call = served && findExampleCall(served);
  const spec = served?.spec;
  const info = served?.network?.info;
  return {
    ...toSummary(shown, found),
    description: spec?.description ?? '',
    causal: info?.causal ?? null,
    parameters: info?.parameters ?? null,
    weight_bytes: served ? (info?.weightBytes ?? 0) + (served.graph?.weightBytes ?? 0) : null,
    precision: spec?.precision ?? null,
    state_floats: info?.stateFloats ?? null,
    layers: info ? [...info.layers] : [],
    kernel: info?.kernel ?? served?.graph?.kernel ?? engine.kernel,
    inputs: served?.spec ? toInputs(served) : null,
    labels: spec?.outputs.labels ?? null,
    decoding: spec?.decoding ?? {},
    example: call?.body ?? null,
    curl: call && formatCurl(url, call, keyed),
    provenance: spec?.provenance ?? {},
    notes: served ? [...served.notes] : [],
  };
}

const toInputs = ({ spec: { inputs }, vocabulary }: ServedModel): Details['inputs'] =>
  inputs.kind === 'text'
    ? { kind: 'text', vocabulary: inputs.vocabulary, size: vocabulary!.tokens.length }
    : { kind: 'numeric', size: inputs.features.length, features: inputs.features.map(({ name }) => name) };
