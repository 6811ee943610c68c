import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createBaseImage, resolveUser } from './base-image.ts';
import { copyFiles } from './copy-files.ts';
import { parseDockerfile, type Instruction, type Stage } from './parse-dockerfile.ts';
import { runCommands } from './run-commands.ts';

// Executes a Dockerfile without Docker: every stage is a folder.

export interface Image {
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[] | null;
}

interface Draft {
  environment: Record<string, string>;
  user: string;
  workdir: string;
  volumes: string[];
  ports: number[];
  entrypoint: readonly string[];
  cmd: readonly string[];
  healthcheck: readonly string[] | null;
}

/**
 * @param context the folder of the build context
 * @param work an empty folder for the stages @returns the last stage
 */
export function buildImage(dockerfile: string, context: string, work: string): Image {
  const built = new Map<string, string>();
  let image: Image | undefined;
  parseDockerfile(dockerfile).forEach((stage, index) => {
    const root = join(work, `stage-${index}`, 'root');
    mkdirSync(root, { recursive: true });
    createBaseImage(stage.base, root);
    image = buildStage(stage, root, (from) => (from === undefined ? context : findStageFolder(built, from)));
    built.set(String(index), root);
    if (stage.name !== null) built.set(stage.name, root);
  });
  return image!;
}

function findStageFolder(built: ReadonlyMap<string, string>, stage: string): string {
  const folder = built.get(stage);
  if (folder === undefined) throw new Error(`COPY --from=${stage}: there is no such stage`);
  return folder;
}

function buildStage(stage: Stage, root: string, findSource: (from: string | undefined) => string): Image {
  const draft: Draft = {
    environment: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    user: 'root',
    workdir: '/',
    volumes: [],
    ports: [],
    entrypoint: [],
    cmd: [],
    healthcheck: null,
  };
  for (const instruction of stage.instructions)
    try {
      execute(instruction, draft, root, findSource);
    } catch (error) {
      throw new Error(`Dockerfile, line ${instruction.line}: ${(error as Error).message}`, { cause: error });
    }
  return { ...draft, root, command: [...draft.entrypoint, ...draft.cmd] };
}

function execute(
  { keyword, flags, rest, list }: Instruction,
  draft: Draft,
  root: string,
  findSource: (from: string | undefined) => string,
): void {
  const execForm = (): readonly string[] => {
    if (!list) throw new Error(`${keyword} must be in exec form (["program", "argument"]), was "${rest}"`);
    return list;
  };
  switch (keyword) {
    case 'WORKDIR':
      draft.workdir = resolve(draft.workdir, rest);
      return void mkdirSync(join(root, draft.workdir), { recursive: true });
    case 'COPY':
      return copyFiles(rest.split(/\s+/), {
        from: findSource(flags['from']),
        into: (target) => join(root, resolve(draft.workdir, target)) + (target.endsWith('/') ? '/' : ''),
        owner: resolveUser(flags['chown'] ?? 'root'),
      });
    case 'RUN':
      return runCommands(rest, root, draft);
    case 'ENV':
      for (const pair of rest.split(/\s+/)) {
        const [, name, value] = /^(\w+)=([^"']*)$/.exec(pair) ?? [];
        if (name === undefined) throw new Error(`ENV must be NAME=value without quotes, was "${pair}"`);
        draft.environment[name] = value!;
      }
      return;
    case 'USER':
      resolveUser(rest);
      draft.user = rest;
      return;
    case 'VOLUME':
      return void draft.volumes.push(...(list ?? rest.split(/\s+/)));
    case 'EXPOSE':
      return void draft.ports.push(...rest.split(/\s+/).map(Number));
    case 'ENTRYPOINT':
      draft.entrypoint = execForm();
      return;
    case 'CMD':
      draft.cmd = execForm();
      return;
    case 'HEALTHCHECK':
      if (!rest.startsWith('CMD [')) throw new Error(`HEALTHCHECK must be CMD in exec form, was "${rest}"`);
      draft.healthcheck = JSON.parse(rest.slice('CMD '.length)) as string[];
      return;
    default:
      throw new Error(`${keyword} is not supported`);
  }
}
