// Which messages belong to which topic, at run time: the types of core/messages.ts say the same, and the compiler holds the two together.
import type { Message, TopicMessages, TopicName } from '../core/messages.ts';

export type MessageType = Message['type'];

// An object with exactly one key a type: leaving one out, or naming a foreign one, does not compile.
const TYPES: { readonly [T in TopicName]: Readonly<Record<TopicMessages[T]['type'], true>> } = {
  commands: {
    SubmitJob: true,
    CancelJob: true,
    PauseJob: true,
    ResumeJob: true,
    TriggerSavepoint: true,
    StopWithSavepoint: true,
    RequestCheckpoint: true,
    RescaleJob: true,
    SetDesiredTaskManagers: true,
  },
  replies: { CommandReply: true },
  events: { Claim: true, Commit: true },
  snapshots: { Commit: true },
  assignments: {
    RegistrationAccepted: true,
    RegistrationRequired: true,
    DeployTasks: true,
    CancelTasks: true,
    TriggerCheckpoint: true,
    CheckpointComplete: true,
    CheckpointAbort: true,
    ReleaseJob: true,
  },
  status: { RegisterTaskManager: true, TaskReport: true, CheckpointReport: true, TaskManagerStopping: true },
  signals: {
    JobManagerHeartbeat: true,
    TaskManagerHeartbeat: true,
    ActorEnvelope: true,
    DescribeProcess: true,
    JobManagerDescription: true,
    TaskManagerDescription: true,
  },
  jobs: { JobStatus: true },
  artifacts: { ArtifactPart: true },
  results: { ResultBatch: true },
  'dead-letters': { DeadLetter: true },
};

export const TOPIC_NAMES = Object.keys(TYPES) as readonly TopicName[];

/** Types of the messages of a topic. */
export function typesOf(topic: TopicName): readonly MessageType[] {
  return Object.keys(TYPES[topic]) as MessageType[];
}

/** The topics that a type of message travels on. */
export function topicsOf(type: string): readonly TopicName[] {
  return TOPIC_NAMES.filter((topic) => Object.hasOwn(TYPES[topic], type));
}

export const MESSAGE_TYPES: readonly MessageType[] = [...new Set(TOPIC_NAMES.flatMap(typesOf))];
