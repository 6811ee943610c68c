import { CommandError } from '../command-error.ts';
import type { Authorize } from './authorize.ts';
import { fetchJson } from './download.ts';
import { resolveHubFile, resolveHubList, type Source } from './parse-source.ts';

/** Extensions of files that can be models by themselves. */
const modelFile = /\.(onnx|keras|h5|hdf5|pt|pth|bin|npz|safetensors)$/i;
const maxListed = 20;

/** The address of the first file to download of a source. @throws CommandError where there is none, or several */
export async function findFirstFile(source: Source, authorize: Authorize): Promise<URL> {
  if (source.kind === 'file') return source.url;
  const list = resolveHubList(source);
  const listed = (await fetchJson(list, await authorize(list))) as {
    readonly sha?: unknown;
    readonly siblings?: readonly { readonly rfilename?: unknown }[];
  };
  const names = (listed.siblings ?? [])
    .map(({ rfilename }) => rfilename)
    .filter((name) => typeof name === 'string');
  // all files are of one commit, whatever is pushed meanwhile
  const revision = typeof listed.sha === 'string' ? listed.sha : source.revision;
  const toUrl = (name: string): URL => resolveHubFile(source.hub, source.repository, revision, name);
  if (names.includes('model.json')) return toUrl('model.json');
  const candidates = names.filter((name) => modelFile.test(name));
  if (candidates.length === 1) return toUrl(candidates[0]!);
  const shown = (candidates.length > 0 ? candidates : names).slice(0, maxListed).join(', ') || 'none';
  throw new CommandError(
    candidates.length > 0
      ? `hf:${source.repository}: has several models: name one as hf:${source.repository}/FILE: ${shown}`
      : `hf:${source.repository}: has no model file that can be read; its files are ${shown}`,
  );
}

/**
 * The names of the files beside a model.json that it names: weights, or the shards of TensorFlow.js.
 * @throws CommandError for a name that leads to another folder
 */
export function findCompanions(json: unknown): string[] {
  if (typeof json !== 'object' || json === null) return [];
  const { weightsManifest: manifest, weights, network } = json as Readonly<Record<string, unknown>>;
  const named = Array.isArray(manifest)
    ? manifest.flatMap((group: { readonly paths?: unknown } | null) =>
        Array.isArray(group?.paths) ? group.paths : [],
      )
    : weights !== undefined || network !== undefined
      ? [(weights as { readonly file?: unknown } | undefined)?.file ?? 'weights.safetensors']
      : [];
  const names = named.map(String);
  const outside = names.find((name) => !/^[\w-][\w.-]*$/.test(name) || name === 'model.json');
  if (outside !== undefined)
    throw new CommandError(
      `model.json: names the file ${JSON.stringify(outside)}, which is not in its own folder`,
    );
  return [...new Set(names)];
}
