// What other services import from `sluice/client`: submitting jobs to a cluster and following them.
export type { Bundle } from './artifacts.ts';
export { type ClusterConnection, type ConnectOptions, connect } from './connect.ts';
export { CommandRejected, JobClientError, type JobClientErrorCode, SubmissionRejected } from './errors.ts';
export { type CommandOptions, JobClient, type JobClientOptions, type JobSubmission } from './jobClient.ts';
export type { JobHandle } from './jobHandle.ts';
export type { ResultListener, ResultOrigin } from './resultReader.ts';
