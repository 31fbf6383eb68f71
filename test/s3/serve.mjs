// Serves the folder that it is given as S3 on a free port of loopback, prints the port, and ends with its input: it never outlives its parent.
import { createRequire } from 'node:module';
import path from 'node:path';

const [installed, directory, bucket] = process.argv.slice(2);
const S3rver = createRequire(path.join(installed, 'package.json'))('s3rver');
const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory,
  configureBuckets: [{ name: bucket }],
});
const { port } = await server.run();
process.stdout.write(`${port}\n`);
process.stdin.on('close', () => process.exit(0)).resume();
