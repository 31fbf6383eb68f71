// The web UI in a real browser, on a real cluster: why a job failed is seen, what can be done to a job is done, and the death of a JobManager is
// survived. Nothing that users wrote becomes HTML.
import path from 'node:path';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root, TestCluster } from '../e2e/cluster.ts';
import { chromiumForTests, launchBrowser } from './browser.ts';

interface JobManager {
  readonly id: string;
  readonly rest: string;
  readonly role: string;
}

/** A browser and a cluster on a machine with little to spare. */
const SEEN_TIMEOUT_MS = 60_000;
const chromiumPath = chromiumForTests();

describe.skipIf(!chromiumPath)('the web UI', () => {
  let cluster: TestCluster;
  /** Addresses of the JobManagers' REST by their ids. */
  let addresses: ReadonlyMap<string, string>;
  let browser: Browser;
  let context: BrowserContext;
  /** What the browser complained of: errors of scripts, and what the policy did not let through. */
  const complaints: string[] = [];

  beforeAll(async () => {
    [cluster, browser] = await Promise.all([TestCluster.start({ journal: 'embedded' }), launchBrowser(chromiumPath!)]);
    addresses = new Map((await cluster.status()).jobManagers.map(({ id, rest }) => [id, rest]));
  });

  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(SEEN_TIMEOUT_MS);
    complaints.length = 0;
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('console', (message) => {
      const isOfAnswers = /Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !isOfAnswers) complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  /** A page of the JobManager of this role, and that JobManager's id. */
  async function open(role: 'leader' | 'standby', view = ''): Promise<{ readonly page: Page; readonly id: string }> {
    const page = await context.newPage();
    const cluster = await answerOf<{ readonly jobManagers: readonly JobManager[] }>('jobmanagers');
    const { id, rest } = cluster.jobManagers.find((one) => one.role === role)!;
    // Goes as time does, until a test moves it.
    await page.clock.install();
    await page.goto(`${rest}/${view}`);
    return { page, id };
  }

  /** Of any JobManager: the UI is not asked whether it is right. */
  async function answerOf<T>(resource: string): Promise<T> {
    return Promise.any([...addresses.values()].map(async (rest) => (await fetch(`${rest}/${resource}`)).json() as T));
  }

  async function stateOf(jobId: string): Promise<string> {
    return (await answerOf<{ readonly state: string }>(`jobs/${jobId}`)).state;
  }

  async function runPaced(name: string): Promise<string> {
    return cluster.submit(path.join(root, 'test/e2e/jobs/paced.ts'), '1000000', '100', cluster.file(name));
  }

  it('shows why a job failed: its operator, the message and the line of its author’s file, and all of it as text', async () => {
    const failed = await cluster.run('run', path.join(root, 'test/ui/jobs/misreading.ts'));
    expect(failed.code).toBe(1);
    const { page } = await open('standby');
    const name = '<img src=x onerror="document.title=\'harmed\'">';
    await page.getByRole('region', { name: 'Ended jobs' }).getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    const operator = 'Operator \'Parse <s id="parse">reading</s>\' failed';
    const message = 'TypeError: reading "<i id="read">warm</i>" is no number';
    // At a glance, before one asks.
    const summary = await page.locator('.problem').innerText();
    expect(summary).toContain(`${operator}: ${message}`);
    expect(summary).toMatch(/parseReading \(.*misreading\.ts:7:\d+\)/);

    await page.getByRole('link', { name: 'Exceptions' }).click();
    const exception = page.locator('article.exception');
    await exception.waitFor();
    const text = await exception.innerText();
    expect(text).toContain(`${operator}: ${message}`);
    expect(text).toContain('Caused by: Error: the sensor said <u id="said">n/a</u>');
    expect(text).toMatch(/Task\n.*Parse <s id="parse">reading<\/s>.* \(1\/1\) - execution #0/);
    expect(text).toMatch(/TaskManager\ntm-\d/);
    const own = await exception.locator('.line-user').allInnerTexts();
    expect(own.map((line) => /misreading\.ts:\d+/.exec(line)?.[0])).toEqual(['misreading.ts:7', 'misreading.ts:7']);

    expect(await page.locator('img, #parse, #read, #said').count()).toBe(0);
    expect(await page.title()).toBe(`${name} · Sluice`);
    // REST and the command line tell the same.
    expect(await cluster.ok('list', '--all')).toContain(`${operator}: ${message}`);
  });

  it('shows how a job runs, takes a savepoint of it, and cancels it once that is confirmed', async () => {
    const jobId = await runPaced('cancelled.txt');
    const { page } = await open('leader', `#/jobs/${jobId}`);
    const state = page.locator('.heading > .badge');
    await state.getByText('RUNNING').waitFor();
    // The graph, its measures, and who runs a chosen vertex.
    const graph = page.getByRole('region', { name: 'Graph of the job' });
    await graph.getByText('HASH').waitFor();
    const source = graph.getByRole('link', { name: /Source:/ });
    await source.getByText(/\d+ %/).first().waitFor();
    await source.click();
    const subtasks = page.getByRole('region', { name: 'Subtasks' });
    await subtasks.getByRole('link', { name: /^tm-\d/ }).waitFor();
    expect(await subtasks.getByRole('row').count()).toBe(2);

    await page.getByRole('button', { name: 'Savepoint' }).click();
    await page.getByLabel('Folder').fill(cluster.file('savepoints'));
    await page.getByRole('button', { name: 'Take the savepoint' }).click();
    await page.getByText(`Savepoint completed: ${cluster.file('savepoints')}/savepoint-`).waitFor();
    await page.getByRole('link', { name: 'Checkpoints' }).click();
    await page.getByRole('row').filter({ hasText: 'savepoint' }).getByText('COMPLETED').waitFor();

    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await stateOf(jobId)).toBe('RUNNING');
    await page.getByRole('button', { name: 'Cancel job' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the job' }).click();
    await state.getByText('CANCELED').waitFor();
    expect(await cluster.events('JobCancelled', jobId)).toHaveLength(1);
    expect(await page.getByRole('button', { name: 'Cancel job' }).isDisabled()).toBe(true);
  });

  it('asks nothing while nobody sees it, and at once when it is seen again', async () => {
    const { page } = await open('leader');
    await page.getByText('running job').waitFor();
    const setHidden = (hidden: boolean): Promise<unknown> =>
      page.evaluate(`
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} });
        document.dispatchEvent(new Event('visibilitychange'));
      `);
    const asked: string[] = [];
    const expectSilence = async (): Promise<void> => {
      page.on('request', note);
      for (let turn = 0; turn < 5; turn++) await page.clock.runFor('00:20');
      page.off('request', note);
      expect(asked).toEqual([]);
    };
    const note = (request: Request): void => void asked.push(request.url());

    // In the midst of a round, which may end.
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/jobs\/overview/, (route) => held.then(() => route.continue()));
    await page.waitForRequest(/jobs\/overview/);
    await setHidden(true);
    const answered = page.waitForResponse(/jobs\/overview/);
    release();
    await (await answered).finished();
    await expectSilence();

    const again = page.waitForResponse(/jobs\/overview/);
    await setHidden(false);
    await (await again).finished();
    // Between two rounds.
    await page.getByText('running job').waitFor();
    await setHidden(true);
    await expectSilence();
  });

  it('says when its JobManager is away, since when, and goes on when it is back', async () => {
    const { page, id } = await open('standby', '#/taskmanagers');
    await page.getByRole('link', { name: /^tm-1/ }).waitFor();
    await context.setOffline(true);
    const notice = page.getByText(`${id} is not reachable.`);
    await notice.waitFor();
    expect(await page.getByText(/This is the last data, of .*\d:\d\d/).count()).toBe(1);
    expect(await page.getByRole('link', { name: /^tm-1/ }).count()).toBe(1);
    await context.setOffline(false);
    await notice.waitFor({ state: 'detached' });
  });

  it('goes on at the other JobManager when the leader is killed, with the same view', async () => {
    const jobId = await runPaced('survivor.txt');
    const view = `#/jobs/${jobId}`;
    const { page: ofLeader, id: leader } = await open('leader', view);
    const { page: ofStandby, id: standby } = await open('standby', view);
    for (const page of [ofLeader, ofStandby]) await page.locator('.heading > .badge').getByText('RUNNING').waitFor();
    const serving = ofStandby.locator('.serving');
    await serving.getByText('standby').waitFor();
    expect(await serving.innerText()).toContain(`${leader} leads`);

    await cluster.signal(leader, 'SIGKILL');
    await ofLeader.getByText(`${leader} is not reachable.`).waitFor();
    await serving.getByText('leader').waitFor();
    await ofLeader.getByRole('link', { name: standby, exact: true }).click();
    await ofLeader.locator('.serving').getByText(standby).waitFor();
    await ofLeader.locator('.heading > .badge').getByText('RUNNING').waitFor();
    expect(new URL(ofLeader.url()).hash).toBe(view);
    // No task was started anew.
    expect(await cluster.events('TaskDeployed', jobId, 1)).toEqual([]);
  });
});
