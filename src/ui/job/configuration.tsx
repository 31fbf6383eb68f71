// How a job is run: its restart strategy, its checkpointing, what its submission asked for.
import type { CheckpointConfig, JobConfig } from '../answers.ts';
import { Awaited, Facts } from '../elements/facts.tsx';
import { duration } from '../format.ts';
import { useResource } from '../polling.ts';

export function Configuration({ jobId }: { readonly jobId: string }) {
  const { data, problem } = useResource<JobConfig>(`jobs/${jobId}/config`);
  const checkpointing = useResource<CheckpointConfig>(`jobs/${jobId}/checkpoints/config`);
  if (data === null) return <Awaited problem={problem} />;
  const config = data['execution-config'];
  return (
    <>
      <h2>Execution</h2>
      <Facts
        facts={{
          'Restart strategy': config['restart-strategy'],
          'Default parallelism': config['job-parallelism'],
          ...Object.fromEntries(
            Object.entries(config['user-config']).map(([key, value]) => [key, <code>{value}</code>]),
          ),
        }}
      />
      <h2>Checkpointing</h2>
      {checkpointing.data === null ? (
        <Awaited problem={checkpointing.problem} />
      ) : (
        <CheckpointFacts config={checkpointing.data} />
      )}
    </>
  );
}

function CheckpointFacts({ config }: { readonly config: CheckpointConfig }) {
  const { externalization } = config;
  return (
    <Facts
      facts={{
        Interval: duration(config.interval),
        Timeout: duration(config.timeout),
        'Least pause': duration(config.min_pause),
        'At once': config.max_concurrent,
        Unaligned: config.unaligned_checkpoints ? 'yes' : 'no',
        'Tolerated failures': config.tolerable_failed_checkpoints,
        'When the job ends': !externalization.enabled
          ? 'deleted'
          : externalization.delete_on_cancellation
            ? 'kept where it fails, deleted where it is cancelled'
            : 'kept',
      }}
    />
  );
}
