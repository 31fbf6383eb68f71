// What sluice.yaml says of the leader's decisions, in core's terms.
import type { DriverPolicy, DynamicPolicy, FixedPolicy } from '../core/inputs.ts';
import { NO_RESTART } from '../core/restartStrategy.ts';
import type { RestartStrategy } from '../core/schema.gen.ts';
import type { Config } from './options.ts';

export function policyOf(config: Config): FixedPolicy {
  return {
    faultTransferDelayMs: config['heartbeat.fault-transfer-delay'],
    restart: restartStrategyOf(config),
    loadBalance: config['taskmanager.load-balance.mode'],
    jobExpirationMs: config['jobstore.expiration-time'],
    checkpoints: {
      intervalMs: config['execution.checkpointing.interval'],
      minPauseMs: config['execution.checkpointing.min-pause'],
      timeoutMs: config['execution.checkpointing.timeout'],
      maxConcurrent: config['execution.checkpointing.max-concurrent-checkpoints'],
      toleratedFailures: config['execution.checkpointing.tolerable-failed-checkpoints'],
      retained: config['execution.checkpointing.num-retained'],
      unaligned: config['execution.checkpointing.unaligned.enabled'],
      alignedTimeoutMs: config['execution.checkpointing.aligned-checkpoint-timeout'],
      retention: config['execution.checkpointing.externalized-checkpoint-retention'],
    },
    savepointDirectory: config['execution.checkpointing.savepoint-dir'],
    agingMs: config['scheduler.aging-interval'],
    starvationLimitMs: config['scheduler.starvation-limit'],
    dynamic: config['jobmanager.scheduler'] === 'dynamic' ? dynamicPolicyOf(config) : null,
    driver: config['resourcemanager.driver'] === 'none' ? null : driverPolicyOf(config),
    snapshots: {
      intervalEvents: config['jobmanager.snapshot.interval-events'],
      intervalMs: config['jobmanager.snapshot.interval'],
      retained: config['jobmanager.snapshot.retained'],
      retainEvents: config['jobmanager.snapshot.retain-events'],
    },
  };
}

function dynamicPolicyOf(config: Config): DynamicPolicy {
  return {
    startTimeoutMs: config['jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout'],
    stabilizationMs: config['jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout'],
    cooldownMs: config['jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling'],
    minGain: config['jobmanager.adaptive-scheduler.rebalance.min-gain'],
  };
}

function driverPolicyOf(config: Config): DriverPolicy {
  return {
    slotsPerTaskManager: config['taskmanager.numberOfTaskSlots'],
    maxTaskManagers: config['resourcemanager.max-taskmanagers'],
    requestTimeoutMs: config['resourcemanager.taskmanager-registration.timeout'],
    idleTimeoutMs: config['resourcemanager.taskmanager-timeout'],
  };
}

/** Null: each job's own default. */
function restartStrategyOf(config: Config): RestartStrategy | null {
  const type = config['restart-strategy.type'];
  switch (type) {
    case 'auto':
      return null;
    case 'none':
      return NO_RESTART;
    case 'fixed-delay':
      return {
        ...NO_RESTART,
        kind: 'FIXED_DELAY',
        attempts: config['restart-strategy.fixed-delay.attempts'],
        delayMs: config['restart-strategy.fixed-delay.delay'],
      };
    case 'exponential-delay':
      return {
        ...NO_RESTART,
        kind: 'EXPONENTIAL_DELAY',
        attempts: config['restart-strategy.exponential-delay.attempts-before-reset-backoff'],
        delayMs: config['restart-strategy.exponential-delay.initial-backoff'],
        maxDelayMs: config['restart-strategy.exponential-delay.max-backoff'],
        backoffMultiplier: config['restart-strategy.exponential-delay.backoff-multiplier'],
        resetAfterMs: config['restart-strategy.exponential-delay.reset-backoff-threshold'],
      };
    case 'failure-rate':
      return {
        ...NO_RESTART,
        kind: 'FAILURE_RATE',
        delayMs: config['restart-strategy.failure-rate.delay'],
        maxFailures: config['restart-strategy.failure-rate.max-failures-per-interval'],
        intervalMs: config['restart-strategy.failure-rate.failure-rate-interval'],
      };
    default:
      return type satisfies never;
  }
}
