// A process that does what the cluster's own do with the folder: it notes itself, and ends on SIGTERM. Arguments: folder, id, request.
import fs from 'node:fs';
import path from 'node:path';

const [dir, id, requestId] = process.argv.slice(2);
const stat = fs.readFileSync('/proc/self/stat', 'utf8');
const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
const entry = { id, kind: 'taskmanager', pid: process.pid, startedAt, rest: null, slots: 1, requestId };
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1_000);
fs.writeFileSync(path.join(dir, 'run', `${id}.json`), JSON.stringify(entry));
process.send(entry);
