import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Service } from 'kubernetes-models/v1/Service';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { shutdownGraceMs } from '../../src/shutdown.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const dockerfile = read('Dockerfile');

interface Probe {
  readonly httpGet: { readonly path: string };
}
interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
  readonly terminationGracePeriodSeconds: number;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: never;
}

const kinds: Readonly<Record<string, new (data: never) => { validate(): void }>> = {
  Deployment,
  HorizontalPodAutoscaler,
  PersistentVolumeClaim,
  Pod,
  Service,
};

/** Validates a manifest by Kubernetes' schemas. @returns fields that these do not have: they never read them */
function validate(manifest: Manifest): string[] {
  const unread = new Set<string>();
  const watch = (value: object, path: string): object => {
    for (const key of Object.keys(value)) unread.add(`${path}.${key}`);
    return new Proxy(value, {
      get(target, key) {
        const field: unknown = Reflect.get(target, key);
        if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return field;
        const first = unread.delete(`${path}.${key}`);
        return typeof field === 'object' && field !== null && !seen.has(field) && first
          ? remember(field, watch(field, `${path}.${key}`))
          : (seen.get(field as object) ?? field);
      },
    });
  };
  const seen = new Map<object, object>();
  const remember = (field: object, watched: object): object => {
    seen.set(field, watched);
    return watched;
  };
  const Kind = kinds[manifest.kind]!;
  const validator = new Kind(manifest as never);
  // the constructor copies the fields
  for (const [key, value] of Object.entries(validator))
    if (typeof value === 'object' && value !== null)
      Object.assign(validator, { [key]: watch(value as object, key) });
  validator.validate();
  return [...unread];
}

const settingsOf = ({ env }: Container) =>
  readConfig(Object.fromEntries(env.map(({ name, value }) => [name, value])));
const openapi = JSON.parse(read('openapi/openapi.json')) as { paths: object };

/** What must hold of a container in either cluster. */
function checkContainer(container: Container): void {
  const settings = settingsOf(container);
  expect(settings.HOST).toBe('0.0.0.0');
  expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([settings.PORT]);
  expect(dockerfile).toContain(`EXPOSE ${settings.PORT}`);
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(container.image).toBe(`unroll:${version}`);
  for (const { httpGet } of [
    container.livenessProbe,
    container.readinessProbe,
    container.startupProbe ?? [],
  ].flat())
    expect(openapi.paths).toHaveProperty([httpGet.path, 'get']);
}

describe('deploy/kubernetes', () => {
  const manifests = parseAllDocuments(read('deploy/kubernetes/unroll.yaml')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
  const specs = Object.fromEntries(manifests.map(({ kind, spec }) => [kind, spec]));
  const { selector, template } = specs['Deployment']! as {
    selector: { matchLabels: object };
    template: { metadata: { labels: object }; spec: PodSpec };
  };
  const pod = template.spec;
  const [container] = pod.containers;

  it.each(manifests.map((manifest) => [manifest.kind, manifest] as const))(
    '%s follows Kubernetes’ schema, without a field that it does not have',
    (_, manifest) => expect(validate(manifest)).toEqual([]),
  );

  it('is checked: a wrong type and an unknown field are found', () => {
    const deployment = structuredClone(manifests.find(({ kind }) => kind === 'Deployment')!);
    const spec = deployment.spec as { template: { spec: { containers: object[] } }; replicas?: unknown };
    Object.assign(spec.template.spec.containers[0]!, { readinesProbe: {} });
    expect(validate(deployment)).toEqual(['spec.template.spec.containers.0.readinesProbe']);
    spec.replicas = 'two';
    expect(() => validate(deployment)).toThrow('replicas');
  });

  it('gives the server settings that it has, and probes that it answers', () => checkContainer(container));

  it('leaves the server the time that it may take to end', () => {
    const { SHUTDOWN_DELAY_MS, DRAIN_MS } = settingsOf(container);
    const needed = SHUTDOWN_DELAY_MS + DRAIN_MS + shutdownGraceMs + 10_000;
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(needed);
  });

  it('mounts what the server reads and writes', () => {
    const mounts = container.volumeMounts!.map(({ mountPath }) => mountPath);
    const { MODELS, DATA } = settingsOf(container);
    expect(mounts).toEqual([MODELS, DATA, '/tmp']);
    expect(container.volumeMounts!.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
  });

  it('selects the pods, and scales by a metric that they have', () => {
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect((specs['Service']! as { selector: object }).selector).toEqual(selector.matchLabels);
    const scaler = specs['HorizontalPodAutoscaler']! as {
      metrics: { type: string; pods?: { metric: { name: string } } }[];
    };
    const names = scaler.metrics.flatMap(({ pods }) => pods?.metric.name ?? []);
    expect(names).toEqual(['unroll_sequences_waiting']);
    for (const name of names) expect(read('docs/metrics.md')).toContain(`| \`${name}\` | gauge |`);
  });
});

describe('deploy/kserve', () => {
  const runtime = parse(read('deploy/kserve/runtime.yaml')) as {
    kind: string;
    apiVersion: string;
    spec: PodSpec & { supportedModelFormats: { name: string }[]; protocolVersions: string[] };
  };
  const [container] = runtime.spec.containers;

  it('has a container that Kubernetes would run', () => {
    const pod = { kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [container] } };
    expect(validate(pod as never)).toEqual([]);
    checkContainer({
      ...container,
      env: container.env.map(({ name, value }) => ({ name, value: value.replace('{{.Name}}', 'my-model') })),
    });
  });

  it('serves the one model that KServe mounts, over the protocol that it says', () => {
    expect(runtime).toMatchObject({ kind: 'ServingRuntime', apiVersion: 'serving.kserve.io/v1alpha1' });
    expect(runtime.spec.protocolVersions).toEqual(['v2']);
    expect(container.env).toContainEqual({ name: 'UNROLL_MODEL', value: '/mnt/models' });
    expect(container.env).toContainEqual({ name: 'UNROLL_MODEL_NAME', value: '{{.Name}}' });
  });
});
