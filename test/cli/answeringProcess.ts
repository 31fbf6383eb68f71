// A process that answers as a JobManager does for the state of its cluster, after a delay. Arguments: its id, its role, the delay in ms.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { ownStartTime } from '../../src/cli/processIdentity.ts';

const [id = '', role = '', delayMs = '0'] = process.argv.slice(2);
const status = { leaderId: null, epoch: 1, offset: 1, jobManagers: [{ id, role }], taskManagers: [] };
const server = http.createServer((_, response) => {
  setTimeout(() => response.end(JSON.stringify(status)), Number(delayMs));
});
server.listen(0, '127.0.0.1', async () => {
  const rest = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.send!({ id, kind: 'jobmanager', pid: process.pid, startedAt: await ownStartTime(), rest });
});
