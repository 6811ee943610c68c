import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { copyBuildContext } from './container/build-context.ts';
import { buildImage, type Image } from './container/build-image.ts';
import { parseCompose, type ComposeService } from './container/parse-compose.ts';
import { mountContainer, runContainer, type Container } from './container/run-container.ts';

// Builds the image from the Dockerfile, runs it as docker-compose.yml specifies, calls every task, and trains
// and publishes a model; then restarts it on the same volumes and calls the published model. Needs root, not
// Docker.

const { values: options } = parseArgs({
  options: {
    dockerfile: { type: 'string', default: 'Dockerfile' },
    compose: { type: 'string', default: 'docker-compose.yml' },
    // set by this script: its folder, inside its own mount namespace
    work: { type: 'string' },
  },
});
const repository = join(import.meta.dirname, '..');

if (process.getuid?.() !== 0) {
  console.error('the container check mounts file systems: run it as root');
  process.exitCode = 2;
} else if (options.work === undefined) {
  const work = mkdtempSync(join(tmpdir(), 'unroll-container-'));
  chmodSync(work, 0o755);
  const scriptArguments = [...process.argv.slice(1), '--work', work];
  const { status } = spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', process.execPath, ...scriptArguments],
    { stdio: 'inherit' },
  );
  // the mounts ended with their namespace
  rmSync(work, { recursive: true, force: true });
  process.exitCode = status ?? 1;
} else {
  await check(options.work).catch((error: Error) => {
    console.error(`FAILED  ${error.message}`);
    process.exitCode = 1;
  });
}

async function check(work: string): Promise<void> {
  const service = parseCompose(readFileSync(resolve(options.compose), 'utf8'));
  const [context, stages, volumes] = ['context', 'stages', 'volumes'].map((name) => {
    mkdirSync(join(work, name));
    return join(work, name);
  }) as [string, string, string];
  console.log(`build context: ${copyBuildContext(repository, context)} files`);
  const image = buildImage(readFileSync(resolve(options.dockerfile), 'utf8'), context, stages);
  expect(
    service.ports.every((port) => image.ports.includes(Number(port.split(':').at(-1)))),
    `the ports ${service.ports.join()} are exposed by the image (${image.ports.join()})`,
  );
  mountContainer(image, service, volumes, repository);
  await withContainer(image, service, async (container) => {
    checkIsolation(container, service);
    const status = await container.callFrom([join(repository, '.ci/call-tasks'), getUrl(image)]);
    expect(status === 0, 'every task replies, and a job trains and publishes');
  });
  await withContainer(image, service, async (container) => {
    const status = await container.callFrom([join(repository, '.ci/call-published'), getUrl(image)]);
    expect(status === 0, 'a container restarted on the same volumes serves the published model');
  });
}

function getUrl({ environment }: Image): string {
  return `http://127.0.0.1:${environment['UNROLL_PORT']}`;
}

/** Starts the container, waits until it is healthy, and checks that it ends with 0 when it is stopped. */
async function withContainer(
  image: Image,
  service: ComposeService,
  work: (container: Container) => Promise<void>,
): Promise<void> {
  const container = await runContainer(image, service);
  try {
    await waitUntilHealthy(container, image, service);
    await work(container);
  } catch (error) {
    await container.stop();
    console.error(container.output());
    throw error;
  }
  const { code, seconds, killed } = await container.stop();
  const allowed = `stop_grace_period ${service.stopGraceSeconds} s`;
  expect(
    !killed && code === 0,
    `ends with 0 after SIGTERM (${code} after ${seconds.toFixed(1)} s, ${allowed})`,
  );
}

async function waitUntilHealthy(container: Container, image: Image, service: ComposeService): Promise<void> {
  const checks = [image.healthcheck, service.healthcheck].filter((command) => command !== null);
  expect(checks.length > 0, 'the image or the service has a health check');
  for (let attempt = 0; ; attempt++) {
    if (!container.running) throw new Error('the container runs until it is stopped');
    const failed = checks.map((command) => container.exec(command)).filter(({ status }) => status !== 0);
    if (failed.length === 0) break;
    if (attempt > 100) throw new Error(`not healthy: ${JSON.stringify(failed)}`);
    await delay(200);
  }
  console.log(`ok      its ${checks.length} health checks pass`);
}

function checkIsolation(container: Container, { readOnly }: ComposeService): void {
  const writable = (path: string): boolean => container.exec(['/bin/sh', '-c', `: > ${path}`]).status === 0;
  for (const path of ['/x', '/unroll/x', '/unroll/dist/x'])
    expect(!readOnly || !writable(path), `${path} cannot be written`);
  expect(writable('/tmp/x'), '/tmp can be written');
  const user = container.exec(['id', '-u']).output.trim();
  expect(user !== '0', `it does not run as root (uid ${user})`);
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
  console.log(`ok      ${what}`);
}
