import { CommandError, exitCodes } from '../command-error.ts';

/** Where `unroll pull` downloads from. */
export interface FileSource {
  readonly kind: 'file';
  readonly url: URL;
  /** The source's own words for what it is, such as `language`. */
  readonly label: string;
}
export interface RepositorySource {
  readonly kind: 'repository';
  /** Address of the hub. */
  readonly hub: URL;
  /** owner/repo */
  readonly repository: string;
  readonly revision: string;
  readonly label: string;
}
export type Source = FileSource | RepositorySource;

type Environment = Readonly<Record<string, string | undefined>>;

const repositoryPart = /^[\w][\w.-]{0,95}$/;
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Parses http(s)://…, hf:owner/repo[/file][@revision] and s3:bucket/key. @throws CommandError usage */
export function parseSource(text: string, environment: Environment): Source {
  if (/^https?:\/\//i.test(text)) {
    if (!URL.canParse(text)) throw invalid(text, 'is not a URL');
    const url = new URL(text);
    return { kind: 'file', url, label: stemOf(url) };
  }
  if (text.startsWith('hf:')) return parseHub(text, environment);
  if (text.startsWith('s3:')) return parseBucket(text, environment);
  throw invalid(text, 'must be http://…, https://…, hf:owner/repo[/file][@revision] or s3:bucket/key');
}

function parseHub(text: string, environment: Environment): Source {
  const [path = '', revision = 'main', ...rest] = text.slice('hf:'.length).replace(/^\/\//, '').split('@');
  const [owner = '', name = '', ...file] = path.split('/');
  const valid =
    [owner, name].every((part) => repositoryPart.test(part)) &&
    rest.length === 0 &&
    /^[\w][\w./-]{0,199}$/.test(revision) &&
    file.every(isPlainName);
  if (!valid) throw invalid(text, 'must be hf:owner/repo, hf:owner/repo/file or either with @revision');
  const hub = parseEndpoint(environment['HF_ENDPOINT'], 'HF_ENDPOINT', 'https://huggingface.co');
  const repository = `${owner}/${name}`;
  if (file.length === 0) return { kind: 'repository', hub, repository, revision, label: name };
  return { kind: 'file', url: resolveHubFile(hub, repository, revision, file.join('/')), label: name };
}

/** The address of a file of a repository of the hub. */
export const resolveHubFile = (hub: URL, repository: string, revision: string, file: string): URL =>
  below(hub, `${repository}/resolve/${encodeURIComponent(revision)}/${encodePath(file)}`);

/** The address of the list of files of a repository of the hub. */
export const resolveHubList = ({ hub, repository, revision }: RepositorySource): URL =>
  below(hub, `api/models/${repository}/revision/${encodeURIComponent(revision)}`);

function parseBucket(text: string, environment: Environment): Source {
  const [bucket = '', ...key] = text.slice('s3:'.length).replace(/^\/\//, '').split('/');
  if (!bucketName.test(bucket) || key.length === 0 || !key.every(isPlainName))
    throw invalid(text, 'must be s3:bucket/key');
  const path = encodePath(key.join('/'));
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'];
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
  const amazon = `s3${region ? `.${region}` : ''}.amazonaws.com`;
  // the certificate is for names of one label
  const url =
    endpoint || bucket.includes('.')
      ? below(parseEndpoint(endpoint, 'AWS_ENDPOINT_URL', `https://${amazon}`), `${bucket}/${path}`)
      : new URL(`https://${bucket}.${amazon}/${path}`);
  return { kind: 'file', url, label: stemOf(url) };
}

function parseEndpoint(value: string | undefined, name: string, fallback: string): URL {
  const text = value || fallback;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new CommandError(`${name}: must be a URL such as ${fallback}, was ${JSON.stringify(text)}`);
  return new URL(text);
}

const below = (base: URL, path: string): URL => new URL(path, `${base.href.replace(/\/+$/, '')}/`);
const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
const isPlainName = (part: string): boolean =>
  part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part);
const invalid = (text: string, why: string): CommandError =>
  new CommandError(`SOURCE: ${why}, was ${JSON.stringify(text.slice(0, 200))}`, exitCodes.usage);

/** A file's name without its extension; of a model.json or weights, that of its folder, but for a version's number. */
function stemOf(url: URL): string {
  const parts = url.pathname
    .split('/')
    .map(decode)
    .filter((part) => part !== '');
  const stem = (parts.pop() ?? '').replace(/\.[^.]*$/, '');
  const folder = parts.findLast((part) => !/^\d+$/.test(part));
  return ['model', 'weights'].includes(stem) && folder !== undefined ? folder : stem;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The name of a file in the models folder. */
export const fileNameOf = (url: URL): string => {
  const name = decode(url.pathname.split('/').at(-1) ?? '').replaceAll(/[^\w.-]/g, '_');
  return /^[\w-]/.test(name) ? name : 'model';
};
