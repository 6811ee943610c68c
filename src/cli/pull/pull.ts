import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { copyFile, mkdir, readFile, realpath, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isImportableJson } from '../../formats/importable-json.ts';
import { modelNamePattern, specFile } from '../../model-files.ts';
import { placeVersion } from '../../repository/publish-version.ts';
import { readModelFolder } from '../../repository/read-model-folder.ts';
import { CommandError, exitCodes } from '../command-error.ts';
import type { Authorize } from './authorize.ts';
import { download, show, type Download } from './download.ts';
import { findCompanions, findFirstFile } from './find-files.ts';
import { fileNameOf, type Source } from './parse-source.ts';

export interface PullOptions {
  /** Folder of models. */
  readonly models: string;
  /** By default what the source is called. */
  readonly name?: string | undefined;
  /** What the first file must be, in hexadecimal. */
  readonly sha256?: string | undefined;
  /** Most bytes of all files together. */
  readonly maxBytes: number;
  /** A model.json that describes the network of weights, or overrides fields. */
  readonly spec?: string | undefined;
  readonly authorize: Authorize;
  readonly onProgress: (file: string, bytes: number, total: number | null) => void;
}

export interface Pulled {
  readonly model: string;
  readonly version: number;
  /** Null where it is served as tensors only. */
  readonly task: string | null;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file beside the model that says where it is from. Ignored when loading. */
const sourceFile = 'source.json';

/**
 * Downloads a model into the models folder as its next version. It is read as the server reads it before it gets there;
 * what cannot be served leaves nothing behind.
 * @throws CommandError, or UnrollError with what is wrong with the file
 */
export async function pull(source: Source, options: PullOptions): Promise<Pulled> {
  const name = options.name ?? toModelName(source.label);
  if (!modelNamePattern.test(name))
    throw new CommandError(
      `--name: must have 1 to 64 of A–Z a–z 0–9 _ - . and no dot at either end, was ${JSON.stringify(name)}`,
      exitCodes.usage,
    );
  const home = join(options.models, name);
  await mkdir(home, { recursive: true });
  const draft = join(home, `.draft-pull-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(draft);
  const remove = (): void => rmSync(draft, { recursive: true, force: true });
  // Ctrl-C ends the process
  process.once('exit', remove);
  try {
    const { first, bytes } = await downloadAll(source, draft, options);
    if (options.spec !== undefined) await copyFile(options.spec, join(draft, specFile));
    await setName(draft, name);
    const { sequence } = await readModelFolder(await realpath(draft), await realpath(draft), name);
    if (typeof sequence !== 'string') await sequence.weights();
    const from = { source: show(first.url), sha256: first.sha256, bytes, pulled: new Date().toISOString() };
    await writeFile(join(draft, sourceFile), `${JSON.stringify(from, null, 2)}\n`);
    const version = await placeVersion(options.models, name, draft);
    const task = typeof sequence === 'string' ? null : sequence.spec.task;
    return { model: name, version, task, bytes, sha256: first.sha256 };
  } finally {
    process.off('exit', remove);
    remove();
    // of a model that has no version
    await rmdir(home).catch(() => {});
  }
}

async function downloadAll(
  source: Source,
  draft: string,
  { maxBytes, sha256, authorize, onProgress }: PullOptions,
): Promise<{ readonly first: Download & { readonly url: URL }; readonly bytes: number }> {
  let bytes = 0;
  const fetchFile = async (url: URL, file: string): Promise<Download> => {
    const downloaded = await download(url, join(draft, file), {
      maxBytes: maxBytes - bytes,
      headers: await authorize(url),
      onProgress: (some, total) => onProgress(file, some, total),
    });
    bytes += downloaded.bytes;
    return downloaded;
  };
  const url = await findFirstFile(source, authorize);
  const file = fileNameOf(url);
  const first = await fetchFile(url, file);
  if (sha256 !== undefined && sha256.toLowerCase() !== first.sha256)
    throw new CommandError(
      `${show(url)}: has the SHA-256 ${first.sha256}, and --sha256 is ${sha256}: nothing was kept`,
    );
  if (file === specFile)
    for (const companion of findCompanions(await readJson(join(draft, file))))
      await fetchFile(sibling(url, companion), companion);
  return { first: { ...first, url }, bytes };
}

/** The address of a file beside another; the query of a presigned URL is for that one alone. */
const sibling = (url: URL, name: string): URL =>
  new URL(encodeURIComponent(name), `${url.origin}${url.pathname}`);

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    // said by whoever reads the folder
    return null;
  }
}

/** A model.json of ours is served only under the name in it. */
async function setName(draft: string, name: string): Promise<void> {
  const path = join(draft, specFile);
  const json = await readJson(path);
  if (typeof json === 'object' && json !== null && !isImportableJson(json))
    await writeFile(path, `${JSON.stringify({ ...json, name }, null, 2)}\n`);
}

const toModelName = (label: string): string =>
  label
    .replaceAll(/[^\w.-]+/g, '-')
    .replaceAll(/^[.]+|[.]+$/g, '')
    .slice(0, 64);
