// The web UI as it is served: headers that keep it safe and cached, beside REST's paths, and nothing else of the disk.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/http/app.ts';
import { silentLogger } from '../jobmanager/harness.ts';
import { Cluster } from './servedCluster.ts';

let app: FastifyInstance | null = null;
const folders: string[] = [];
afterEach(async () => {
  await app?.close();
  app = null;
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** Serves a UI of these files, in a folder that has a secret beside it. */
function serve(files: Readonly<Record<string, string>> | null) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-ui-'));
  folders.push(folder);
  fs.writeFileSync(path.join(folder, 'secret.js'), 'secret');
  const ui = path.join(folder, 'ui');
  if (files !== null) fs.mkdirSync(ui);
  for (const [name, text] of Object.entries(files ?? {})) fs.writeFileSync(path.join(ui, name), text);
  const server = buildApp(new Cluster(), silentLogger, ui);
  app = server;
  return (url: string, headers: Readonly<Record<string, string>> = {}) =>
    server.inject({ method: 'GET', url, headers });
}

const FILES = { 'index.html': '<!doctype html><p>page', 'app-1A.js': 'script()', 'style-2B.css': 'p{}', notes: 'x' };

describe('the web UI', () => {
  it('is the page at /, which loads from this server alone and is asked for anew', async () => {
    const get = serve(FILES);
    const { statusCode, headers, body } = await get('/');
    expect([statusCode, body]).toEqual([200, FILES['index.html']]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect((await get('/', { 'if-none-match': String(headers.etag) })).statusCode).toBe(304);
    expect((await get('/', { 'if-none-match': 'W/"other"' })).statusCode).toBe(200);
  });

  it('has its assets beside it, to be kept for ever, compressed where that is understood', async () => {
    const get = serve(FILES);
    const { headers, body } = await get('/assets/app-1A.js');
    expect(body).toBe('script()');
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
    });
    const compressed = await get('/assets/app-1A.js', { 'accept-encoding': 'gzip, br' });
    expect(compressed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(compressed.rawPayload).toString()).toBe('script()');
    expect((await get('/assets/style-2B.css')).headers['content-type']).toBe('text/css; charset=utf-8');
  });

  it('serves nothing else of the disk', async () => {
    const get = serve(FILES);
    const paths = [
      '/assets/../secret.js',
      '/assets/..%2Fsecret.js',
      '/assets/%2e%2e%2fsecret.js',
      '/assets/..\\secret.js',
    ];
    for (const url of [...paths, '/assets/index.html', '/assets/notes', '/assets/', '/secret.js']) {
      const { statusCode, body } = await get(url);
      expect([statusCode, body.includes('"errors"')], url).toEqual([404, true]);
    }
  });

  it('leaves REST as it is, with and without /v1, with no sniffing there either', async () => {
    const get = serve(FILES);
    for (const url of ['/overview', '/v1/overview', '/jobs/overview']) {
      const { statusCode, headers } = await get(url);
      expect([statusCode, headers['content-type']], url).toEqual([200, 'application/json; charset=utf-8']);
      expect(headers['x-content-type-options'], url).toBe('nosniff');
    }
    expect((await get('/nothing')).headers['x-content-type-options']).toBe('nosniff');
  });

  it('says how to get it where it has not been built', async () => {
    const { statusCode, body } = await serve(null)('/');
    expect([statusCode, body]).toEqual([404, expect.stringContaining('npm run build')]);
  });
});
