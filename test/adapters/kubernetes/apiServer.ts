// The few paths of a Kubernetes API server that the driver uses, over real HTTP and as strict as the real one: resourceVersions, content types,
// preconditions, Status objects. A StatefulSet's pods follow its replicas at once, the highest ordinals ending first.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';

interface Pod {
  uid: string;
  restarts: number;
}

export class FakeApiServer {
  readonly requests: string[] = [];
  readonly pods = new Map<number, Pod>();
  /** Pods in the order in which they ended. */
  readonly ended: number[] = [];
  replicas = 0;
  annotations: Record<string, string> = {};
  version = 1;
  /** Called before each patch is judged. */
  beforePatch: () => void = () => {};
  /** Status codes for the next requests. */
  readonly failures: number[] = [];
  readonly #server = http.createServer((request, response) => {
    this.#answer(request).then(
      ({ code, body }) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  readonly namespace: string;
  readonly name: string;

  constructor(namespace: string, name: string) {
    this.namespace = namespace;
    this.name = name;
  }

  async listen(): Promise<KubeConfig> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'jobmanager', token: 'secret' }],
      contexts: [{ name: 'fake', cluster: 'fake', user: 'jobmanager' }],
      currentContext: 'fake',
    });
    return config;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  scale(replicas: number): void {
    for (const ordinal of [...this.pods.keys()].sort((a, b) => b - a)) {
      if (ordinal < replicas) continue;
      this.pods.delete(ordinal);
      this.ended.push(ordinal);
    }
    for (let ordinal = 0; ordinal < replicas; ordinal++)
      if (!this.pods.has(ordinal)) this.pods.set(ordinal, { uid: randomUUID(), restarts: 0 });
    this.replicas = replicas;
    this.version++;
  }

  async #answer(request: http.IncomingMessage): Promise<{ code: number; body: unknown }> {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    this.requests.push(`${method} ${url}`);
    const failure = this.failures.shift();
    if (failure !== undefined) return status(failure, 'InjectedFailure');
    if (headers.authorization !== 'Bearer secret') return status(401, 'Unauthorized');
    const set = `/apis/apps/v1/namespaces/${this.namespace}/statefulsets/${this.name}`;
    if (url === set && method === 'GET') return { code: 200, body: this.#statefulSet() };
    if (url === set && method === 'PATCH') return this.#patch(headers['content-type'], body);
    const pod = new RegExp(`^/api/v1/namespaces/${this.namespace}/pods/${this.name}-(\\d+)$`).exec(url);
    const ordinal = Number(pod?.[1]);
    const found = this.pods.get(ordinal);
    if (pod === null || found === undefined) return status(404, 'NotFound');
    if (method === 'GET') return { code: 200, body: this.#pod(ordinal, found) };
    if (method !== 'DELETE') return status(405, 'MethodNotAllowed');
    const { preconditions } = JSON.parse(body) as { preconditions?: { uid?: string } };
    if (preconditions?.uid !== undefined && preconditions.uid !== found.uid) return status(409, 'Conflict');
    this.ended.push(ordinal);
    this.pods.set(ordinal, { uid: randomUUID(), restarts: 0 });
    return { code: 200, body: this.#pod(ordinal, found) };
  }

  #patch(contentType: string | undefined, text: string): { code: number; body: unknown } {
    if (contentType !== 'application/merge-patch+json') return status(415, 'UnsupportedMediaType');
    this.beforePatch();
    const { metadata, spec } = JSON.parse(text) as {
      metadata: { resourceVersion?: string; annotations: Record<string, string> };
      spec: { replicas: number };
    };
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== String(this.version))
      return status(409, 'Conflict');
    Object.assign(this.annotations, metadata.annotations);
    this.scale(spec.replicas);
    return { code: 200, body: this.#statefulSet() };
  }

  #statefulSet() {
    const { name, namespace, annotations } = this;
    const metadata = { name, namespace, annotations, resourceVersion: String(this.version) };
    const spec = { replicas: this.replicas, serviceName: name, selector: {}, template: {} };
    return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec };
  }

  #pod(ordinal: number, { uid, restarts }: Pod) {
    const containerStatuses = [{ name: 'taskmanager', restartCount: restarts, ready: true, image: '', imageID: '' }];
    const metadata = { name: `${this.name}-${ordinal}`, namespace: this.namespace, uid };
    return { apiVersion: 'v1', kind: 'Pod', metadata, status: { containerStatuses } };
  }
}

function status(code: number, reason: string): { code: number; body: unknown } {
  return { code, body: { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason, message: reason, code } };
}
