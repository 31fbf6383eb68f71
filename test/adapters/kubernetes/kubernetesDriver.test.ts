// What is the Kubernetes driver's own: which pod ends, conflicts with other writers, an API server that is away, and what an error says.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectKubernetesDriver } from '../../../src/adapters/kubernetes/connect.ts';
import { ANNOTATION, type KubernetesDriver } from '../../../src/adapters/kubernetes/kubernetesDriver.ts';
import { silentLogger } from '../../jobmanager/harness.ts';
import { FakeApiServer } from './apiServer.ts';

let server: FakeApiServer;
let driver: KubernetesDriver;

beforeEach(async () => {
  server = new FakeApiServer('streams', 'tm');
  const options = { namespace: 'streams', statefulSet: 'tm', maxReplicas: 4, logger: silentLogger };
  driver = connectKubernetesDriver(options, await server.listen());
});
afterEach(() => server.close());

async function started(count: number): Promise<void> {
  for (let number = 1; number <= count; number++) await driver.start(`r-${number}`);
}

describe('a KubernetesDriver', () => {
  it('lets a pod in the middle wait for those above it', async () => {
    await started(3);
    await driver.stop('tm-1-abc123');
    expect(server.replicas).toBe(3);
    await driver.stop('tm-2-abc123');
    expect([server.replicas, server.ended]).toEqual([1, [2, 1]]);
  });

  it('starts a waiting pod anew before it adds one', async () => {
    await started(3);
    const before = server.pods.get(1)?.uid;
    await driver.stop('tm-1-abc123');
    await driver.start('r-4');
    expect([server.replicas, server.ended]).toEqual([3, [1]]);
    expect(server.pods.get(1)?.uid).not.toBe(before);
    // It is not to stop any more.
    await driver.stop('tm-2-abc123');
    expect(server.replicas).toBe(2);
  });

  it('spares a pod that was started again since it was to stop', async () => {
    await started(3);
    await driver.stop('tm-1-abc123');
    const pod = server.pods.get(1);
    if (pod) pod.restarts++;
    await driver.stop('tm-2-abc123');
    expect([server.replicas, server.ended]).toEqual([2, [2]]);
  });

  it('adds none beyond the limit, though requests expire while pods wait for a node', async () => {
    await started(9);
    expect(server.replicas).toBe(4);
  });

  it('leaves a TaskManager of others alone', async () => {
    await started(1);
    server.requests.length = 0;
    await driver.stop('tm-1-2-3');
    await driver.stop('another-0');
    expect([server.requests, server.replicas]).toEqual([[], 1]);
  });

  it('decides again where another writer came between', async () => {
    await started(1);
    let conflicts = 0;
    server.beforePatch = () => {
      if (conflicts++ === 0) server.scale(2);
    };
    await driver.start('r-2');
    expect([conflicts, server.replicas]).toEqual([2, 3]);
  });

  it('tries again while the API server is away, and not for ever', async () => {
    server.failures.push(503, 429, 500);
    await driver.start('r-1');
    expect(server.replicas).toBe(1);
    server.failures.push(500, 500, 500, 500, 500, 500);
    await expect(driver.start('r-2')).rejects.toMatchObject({ code: 'API_FAILED' });
    expect([server.replicas, server.failures]).toEqual([1, []]);
  });

  it.each([
    [404, 'STATEFULSET_MISSING', /kubernetes.taskmanager.statefulset/],
    [403, 'FORBIDDEN', /rbac.yaml/],
  ])('says at once what to do about %s', async (status, code, message) => {
    server.failures.push(status);
    await expect(driver.start('r-1')).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(server.requests).toHaveLength(1);
  });

  it('does not trust an annotation that somebody has edited', async () => {
    server.annotations[ANNOTATION] = '{"requests": 7}';
    await started(1);
    expect(server.replicas).toBe(1);
  });
});
