// The endpoint on a real socket.
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { emptyState } from '../../src/core/state.ts';
import type { ClusterView } from '../../src/http/clusterView.ts';
import { openRest, type RestServer } from '../../src/http/server.ts';
import { silentLogger } from '../jobmanager/harness.ts';

const view: ClusterView = {
  state: emptyState(),
  now: () => 0,
  jobManagers: () => [],
  lastHeard: () => null,
  storage: { savepointDirectory: null, checkpointDirectory: null, dispose: async () => {} },
  describeJobManager: () => Promise.reject(new Error('nobody')),
  describeTaskManager: () => Promise.reject(new Error('nobody')),
  newCommandId: () => '0'.repeat(32),
  send: async () => {},
};
const open: RestServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(port = 0): Promise<RestServer> {
  const server = await openRest({
    host: '127.0.0.1',
    port,
    view,
    logger: silentLogger,
    onFailure: (error) => {
      throw error;
    },
  });
  open.push(server);
  return server;
}

/** As Flink's CLI does: a GET with a body, on a connection of its own. */
function getWithBody(url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'GET', headers: { 'content-type': 'application/json', 'content-length': 2, connection: 'close' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject);
    request.end('{}');
  });
}

describe('the REST endpoint', () => {
  it('answers requests that arrive at once, with a body on a GET, and closes while connections are open', async () => {
    const server = await start();
    const answers = await Promise.all([
      getWithBody(`${server.address}/v1/overview`),
      fetch(`${server.address}/jobmanagers`).then(async (response) => ({
        status: response.status,
        text: await response.text(),
      })),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(JSON.parse(answers[0]?.text ?? '')).toMatchObject({ taskmanagers: 0 });
  });

  it('says which port is in use and which option chooses another', async () => {
    const { address } = await start();
    const port = Number(new URL(address).port);
    await expect(start(port)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`Port ${port} on 127.0.0.1 is in use.*rest\\.port`)),
    });
  });
});
