// `/jobs/:id/config` in Flink's fields: how the job is run, as far as its submission says so.
import type { RestartStrategy } from '../core/schema.gen.ts';
import type { Job } from '../core/state.ts';

export function jobConfig(job: Readonly<Job>): object {
  const { options, parallelism } = job;
  const settings: Record<string, string | number | null> = {
    priority: options.priority,
    'start-at': options.startAt === null ? null : new Date(options.startAt).toISOString(),
    parent: options.parentJobId,
    'execution.savepoint.path': options.savepointPath,
    'artifact.sha256': job.artifact.sha256,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return {
    jid: job.id,
    name: job.name,
    'execution-config': {
      'restart-strategy': restartText(options.restartStrategy),
      'job-parallelism': parallelism,
      // Records are never copied between chained operators.
      'object-reuse-mode': true,
      'user-config': Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    },
  };
}

/** In Flink's sentences. */
function restartText(strategy: RestartStrategy | null): string {
  if (strategy === null) return 'Cluster level default restart strategy';
  const { attempts, delayMs } = strategy;
  switch (strategy.kind) {
    case 'NONE':
      return 'Restart deactivated.';
    case 'FIXED_DELAY':
      return `Restart with fixed delay (${delayMs} ms). ${attempts < 0 ? 'Unlimited' : `#${attempts}`} restart attempts.`;
    case 'EXPONENTIAL_DELAY':
      return `Restart with exponential delay (starting at ${delayMs} ms, increasing by ${strategy.backoffMultiplier} up to ${strategy.maxDelayMs} ms).`;
    case 'FAILURE_RATE':
      return `Failure rate restart with maximum of ${strategy.maxFailures} failures within interval ${strategy.intervalMs} ms and fixed delay ${delayMs} ms.`;
    default:
      return strategy.kind satisfies never;
  }
}
