// Generated from schemas/*.avsc by scripts/generate-types.mjs: edit those, then `npm run generate`.

/** Every Avro schema by its name, dependencies by reference. */
export const SCHEMAS: Readonly<Record<string, unknown>> = {
  "ActorDescription": {
    "type": "record",
    "name": "ActorDescription",
    "namespace": "sluice",
    "doc": "A part of a process, as people see it.",
    "fields": [
      {
        "name": "path",
        "type": "string",
        "doc": "Its name below those of its parents."
      },
      {
        "name": "status",
        "type": "ActorStatus",
        "doc": "Where it is in its life."
      },
      {
        "name": "restarts",
        "type": "int",
        "doc": "How often it failed and was restarted."
      },
      {
        "name": "waitingMessages",
        "type": "int",
        "doc": "Messages that wait for their turn."
      }
    ]
  },
  "ActorEnvelope": {
    "type": "record",
    "name": "ActorEnvelope",
    "namespace": "sluice",
    "doc": "A message between actors of two processes of a cluster, on the topic signals. At most once: lost where signals are.",
    "fields": [
      {
        "name": "kind",
        "type": "ActorEnvelopeKind",
        "doc": "What it is."
      },
      {
        "name": "to",
        "type": "string",
        "doc": "Id of the process that it is for; all others pass it over."
      },
      {
        "name": "path",
        "type": "string",
        "doc": "Path of the actor: whom a TELL or ASK is for, or who answers."
      },
      {
        "name": "correlation",
        "type": "long",
        "doc": "Counts what the sender of a TELL or ASK sends; an ANSWER or FAILURE repeats that of its ASK."
      },
      {
        "name": "code",
        "type": [
          "null",
          "string"
        ],
        "doc": "Of a FAILURE: what went wrong, for programs."
      },
      {
        "name": "reason",
        "type": [
          "null",
          "string"
        ],
        "doc": "Of a FAILURE: what went wrong, for people."
      },
      {
        "name": "body",
        "type": "bytes",
        "doc": "The message or answer, framed as on a topic; empty in a FAILURE."
      }
    ]
  },
  "ActorEnvelopeKind": {
    "type": "enum",
    "name": "ActorEnvelopeKind",
    "namespace": "sluice",
    "doc": "What a message between actors of two processes is.",
    "symbols": [
      "TELL",
      "ASK",
      "ANSWER",
      "FAILURE"
    ]
  },
  "ActorStatus": {
    "type": "enum",
    "name": "ActorStatus",
    "namespace": "sluice",
    "doc": "Where an actor is in its life.",
    "symbols": [
      "starting",
      "running",
      "restarting",
      "stopping",
      "stopped"
    ]
  },
  "AnswerRestored": {
    "type": "record",
    "name": "AnswerRestored",
    "namespace": "sluice",
    "doc": "An answer to a command, of a snapshot.",
    "fields": [
      {
        "name": "answeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "rejection",
        "type": [
          "null",
          "RejectionCode"
        ],
        "doc": "Null where it was accepted.",
        "default": null
      },
      {
        "name": "message",
        "type": "string",
        "doc": "For people."
      },
      {
        "name": "path",
        "type": [
          "null",
          "string"
        ],
        "doc": "Where a savepoint is.",
        "default": null
      }
    ]
  },
  "Artifact": {
    "type": "record",
    "name": "Artifact",
    "namespace": "sluice",
    "doc": "A job bundle in the artifacts topic.",
    "fields": [
      {
        "name": "sha256",
        "type": "string",
        "doc": "sha256 of the bundle in hex; empty in a submission without a graph: the newest one of the name, found when the job is planned."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "File name for people."
      }
    ]
  },
  "ArtifactPart": {
    "type": "record",
    "name": "ArtifactPart",
    "namespace": "sluice",
    "doc": "A piece of a job bundle, keyed sha256/part.",
    "fields": [
      {
        "name": "sha256",
        "type": "string",
        "doc": "sha256 of the whole bundle in hex."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "File name."
      },
      {
        "name": "part",
        "type": "int",
        "doc": "From 0."
      },
      {
        "name": "parts",
        "type": "int",
        "doc": "How many there are."
      },
      {
        "name": "bytes",
        "type": "bytes",
        "doc": "The piece."
      }
    ]
  },
  "AttemptId": {
    "type": "record",
    "name": "AttemptId",
    "namespace": "sluice",
    "doc": "One execution attempt of any job.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      }
    ]
  },
  "AttemptReport": {
    "type": "record",
    "name": "AttemptReport",
    "namespace": "sluice",
    "doc": "What a TaskManager says of one attempt.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "state",
        "type": "AttemptState",
        "doc": "Its state."
      },
      {
        "name": "reason",
        "type": [
          "null",
          "string"
        ],
        "doc": "The error of a FAILED attempt, with its stack.",
        "default": null
      },
      {
        "name": "recordsIn",
        "type": "long",
        "doc": "Records read so far."
      },
      {
        "name": "recordsOut",
        "type": "long",
        "doc": "Records written so far."
      }
    ]
  },
  "AttemptState": {
    "type": "enum",
    "name": "AttemptState",
    "namespace": "sluice",
    "doc": "State of an execution attempt as its TaskManager sees it.",
    "symbols": [
      "DEPLOYING",
      "RUNNING",
      "CANCELING",
      "FINISHED",
      "CANCELED",
      "FAILED"
    ]
  },
  "CancelJob": {
    "type": "record",
    "name": "CancelJob",
    "namespace": "sluice",
    "doc": "Asks for a job to be cancelled.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "CancelTasks": {
    "type": "record",
    "name": "CancelTasks",
    "namespace": "sluice",
    "doc": "Stop these attempts and report CANCELED; unknown ones are reported CANCELED too.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "tasks",
        "type": {
          "type": "array",
          "items": "TaskRef"
        },
        "doc": "What to stop."
      }
    ]
  },
  "Cause": {
    "type": "record",
    "name": "Cause",
    "namespace": "sluice",
    "doc": "The input that a Commit answers; state keeps the highest offset a topic partition.",
    "fields": [
      {
        "name": "topic",
        "type": "string",
        "doc": "Topic name without prefix, such as commands or status."
      },
      {
        "name": "partition",
        "type": "int",
        "doc": "Partition of that topic."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of the input record."
      }
    ]
  },
  "CheckpointAbort": {
    "type": "record",
    "name": "CheckpointAbort",
    "namespace": "sluice",
    "doc": "A checkpoint is aborted: what was stored for it may be dropped.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      }
    ]
  },
  "CheckpointAborted": {
    "type": "record",
    "name": "CheckpointAborted",
    "namespace": "sluice",
    "doc": "The checkpoint will not complete.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder of a savepoint.",
        "default": null
      }
    ]
  },
  "CheckpointAck": {
    "type": "record",
    "name": "CheckpointAck",
    "namespace": "sluice",
    "doc": "A subtask stored its state for a checkpoint.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "Where the state is; empty where there is none."
      },
      {
        "name": "bytes",
        "type": "long",
        "doc": "Size of the state in bytes."
      },
      {
        "name": "shared",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Handles of the shared files that the state refers to.",
        "default": []
      },
      {
        "name": "operators",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Operators of the vertex, by their index in its chain, whose state it has.",
        "default": []
      },
      {
        "name": "metrics",
        "type": [
          "null",
          "CheckpointMetrics"
        ],
        "doc": "Null where nothing was measured.",
        "default": null
      },
      {
        "name": "inputEnded",
        "type": "boolean",
        "doc": "All of the subtask's input was over before the barrier.",
        "default": false
      }
    ]
  },
  "CheckpointAcked": {
    "type": "record",
    "name": "CheckpointAcked",
    "namespace": "sluice",
    "doc": "A subtask has stored its state.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "Where the state is, as its state backend names it; empty where there is none."
      },
      {
        "name": "bytes",
        "type": "long",
        "doc": "Size of the state in bytes."
      },
      {
        "name": "shared",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Handles of the shared files that the state refers to.",
        "default": []
      },
      {
        "name": "operators",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Operators of the vertex, by their index in its chain, whose state it has.",
        "default": []
      },
      {
        "name": "metrics",
        "type": [
          "null",
          "CheckpointMetrics"
        ],
        "doc": "Null where nothing was measured.",
        "default": null
      },
      {
        "name": "inputEnded",
        "type": "boolean",
        "doc": "All of the subtask's input was over before the barrier.",
        "default": false
      }
    ]
  },
  "CheckpointComplete": {
    "type": "record",
    "name": "CheckpointComplete",
    "namespace": "sluice",
    "doc": "A checkpoint is complete: two-phase sinks commit.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "last",
        "type": "boolean",
        "doc": "All of the job's input was over before it: no other checkpoint will be needed, and tasks that waited for this one may end.",
        "default": false
      }
    ]
  },
  "CheckpointCompleted": {
    "type": "record",
    "name": "CheckpointCompleted",
    "namespace": "sluice",
    "doc": "Every required subtask has acked.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      }
    ]
  },
  "CheckpointConfig": {
    "type": "record",
    "name": "CheckpointConfig",
    "namespace": "sluice",
    "doc": "How a job is checkpointed; times in ms.",
    "fields": [
      {
        "name": "intervalMs",
        "type": "long",
        "doc": "From trigger to trigger."
      },
      {
        "name": "minPauseMs",
        "type": [
          "null",
          "long"
        ],
        "doc": "Least time between the end of one checkpoint and the trigger of the next; null: as the cluster says.",
        "default": null
      },
      {
        "name": "timeoutMs",
        "type": [
          "null",
          "long"
        ],
        "doc": "A checkpoint that takes longer is aborted; null: as the cluster says.",
        "default": null
      },
      {
        "name": "maxConcurrent",
        "type": [
          "null",
          "int"
        ],
        "doc": "Most checkpoints under way at once; null: as the cluster says.",
        "default": null
      },
      {
        "name": "toleratedFailures",
        "type": [
          "null",
          "int"
        ],
        "doc": "Consecutive failed checkpoints before the job fails over; null: as the cluster says.",
        "default": null
      },
      {
        "name": "retained",
        "type": [
          "null",
          "int"
        ],
        "doc": "Complete checkpoints that are kept; null: as many as the cluster says.",
        "default": null
      },
      {
        "name": "retention",
        "type": [
          "null",
          "CheckpointRetention"
        ],
        "doc": "Null: as the cluster says.",
        "default": null
      },
      {
        "name": "unaligned",
        "type": [
          "null",
          "boolean"
        ],
        "doc": "Whether barriers may overtake records; null: as the cluster says.",
        "default": null
      },
      {
        "name": "alignedTimeoutMs",
        "type": [
          "null",
          "long"
        ],
        "doc": "Unaligned: how long after its trigger a checkpoint stays aligned; null: as the cluster says.",
        "default": null
      }
    ]
  },
  "CheckpointDamaged": {
    "type": "record",
    "name": "CheckpointDamaged",
    "namespace": "sluice",
    "doc": "Stored state of a complete checkpoint is not what it was; the one before it takes its place.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "The state that is damaged or gone."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What is wrong."
      }
    ]
  },
  "CheckpointDecline": {
    "type": "record",
    "name": "CheckpointDecline",
    "namespace": "sluice",
    "doc": "A subtask cannot take part in a checkpoint.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "CheckpointDeclined": {
    "type": "record",
    "name": "CheckpointDeclined",
    "namespace": "sluice",
    "doc": "A subtask could not take part.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "CheckpointMetrics": {
    "type": "record",
    "name": "CheckpointMetrics",
    "namespace": "sluice",
    "doc": "What a subtask measured at a checkpoint; times in ms.",
    "fields": [
      {
        "name": "checkpointedBytes",
        "type": "long",
        "doc": "Bytes that were written for it; the rest of the state was there already."
      },
      {
        "name": "syncMs",
        "type": "double",
        "doc": "How long the task stood still for the snapshot."
      },
      {
        "name": "asyncMs",
        "type": "double",
        "doc": "How long it took to store it beside the task’s work."
      },
      {
        "name": "alignmentMs",
        "type": "double",
        "doc": "From the first barrier to the last."
      },
      {
        "name": "startDelayMs",
        "type": "double",
        "doc": "From the trigger to the first barrier, by two clocks."
      },
      {
        "name": "unaligned",
        "type": "boolean",
        "doc": "The barrier overtook records.",
        "default": false
      },
      {
        "name": "persistedBytes",
        "type": "long",
        "doc": "Bytes of records in flight that were stored with the state.",
        "default": 0
      }
    ]
  },
  "CheckpointPurpose": {
    "type": "enum",
    "name": "CheckpointPurpose",
    "namespace": "sluice",
    "doc": "Why a checkpoint is taken: periodically, or as a savepoint for itself or to stop, pause or rescale the job.",
    "symbols": [
      "PERIODIC",
      "SAVEPOINT",
      "STOP",
      "PAUSE",
      "RESCALE"
    ]
  },
  "CheckpointReport": {
    "type": "record",
    "name": "CheckpointReport",
    "namespace": "sluice",
    "doc": "Answers of a TaskManager’s subtasks to one checkpoint. Repeats are harmless.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "acks",
        "type": {
          "type": "array",
          "items": "CheckpointAck"
        },
        "doc": "Who stored its state."
      },
      {
        "name": "declines",
        "type": {
          "type": "array",
          "items": "CheckpointDecline"
        },
        "doc": "Who could not."
      },
      {
        "name": "damaged",
        "type": {
          "type": "array",
          "items": "DamagedState"
        },
        "doc": "State of the checkpoint that could not be restored.",
        "default": []
      }
    ]
  },
  "CheckpointRetention": {
    "type": "enum",
    "name": "CheckpointRetention",
    "namespace": "sluice",
    "doc": "What becomes of a job’s checkpoints when it is cancelled or fails; those of a finished job go.",
    "symbols": [
      "NO_EXTERNALIZED_CHECKPOINTS",
      "DELETE_ON_CANCELLATION",
      "RETAIN_ON_CANCELLATION"
    ]
  },
  "CheckpointStatesRestored": {
    "type": "record",
    "name": "CheckpointStatesRestored",
    "namespace": "sluice",
    "doc": "Some of what was acked for a checkpoint of a snapshot.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "One of the job’s checkpoints, under way or complete."
      },
      {
        "name": "states",
        "type": {
          "type": "array",
          "items": "SubtaskState"
        },
        "doc": "In the order in which they were acked."
      }
    ]
  },
  "CheckpointSubsumed": {
    "type": "record",
    "name": "CheckpointSubsumed",
    "namespace": "sluice",
    "doc": "A newer complete checkpoint took its place; its state may be dropped.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      }
    ]
  },
  "CheckpointTriggered": {
    "type": "record",
    "name": "CheckpointTriggered",
    "namespace": "sluice",
    "doc": "A checkpoint began. Every subtask that is RUNNING now must ack it.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "Why."
      },
      {
        "name": "expiresAt",
        "type": "long",
        "doc": "It is aborted if it is not complete by then, Unix ms."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder that a savepoint was asked to go to.",
        "default": null
      },
      {
        "name": "commandId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Command that asked for it.",
        "default": null
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "RESCALE: the new parallelism, or 0: as many as there are slots for; else 0.",
        "default": 0
      },
      {
        "name": "drain",
        "type": "boolean",
        "doc": "STOP: event time goes to its end before the barrier.",
        "default": false
      },
      {
        "name": "reason",
        "type": [
          "null",
          "string"
        ],
        "doc": "Why the scheduler asked for it, to place the job anew.",
        "default": null
      }
    ]
  },
  "CheckpointsRecord": {
    "type": "record",
    "name": "CheckpointsRecord",
    "namespace": "sluice",
    "doc": "All that is known of a job’s checkpoints.",
    "fields": [
      {
        "name": "nextId",
        "type": "long",
        "doc": "Id of the next one."
      },
      {
        "name": "pending",
        "type": {
          "type": "array",
          "items": "PendingCheckpointRecord"
        },
        "doc": "Under way."
      },
      {
        "name": "completed",
        "type": {
          "type": "array",
          "items": "CompletedCheckpointRecord"
        },
        "doc": "Complete, to recover from."
      },
      {
        "name": "savepoints",
        "type": {
          "type": "array",
          "items": "CompletedCheckpointRecord"
        },
        "doc": "Complete, their owner’s."
      },
      {
        "name": "lastTriggeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "lastEndedAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "consecutiveFailures",
        "type": "int",
        "doc": "Failed in a row."
      },
      {
        "name": "completedCount",
        "type": "long",
        "doc": "Completed ever."
      },
      {
        "name": "failedCount",
        "type": "long",
        "doc": "Failed ever."
      },
      {
        "name": "restored",
        "type": [
          "null",
          "CompletedCheckpointRecord"
        ],
        "doc": "What the job was started from.",
        "default": null
      },
      {
        "name": "restoring",
        "type": {
          "type": "array",
          "items": "SubtaskState"
        },
        "doc": "What is known of that before it is complete.",
        "default": []
      },
      {
        "name": "damaged",
        "type": {
          "type": "array",
          "items": "DamagedCheckpointRecord"
        },
        "doc": "Passed over, oldest first.",
        "default": []
      },
      {
        "name": "failures",
        "type": {
          "type": "array",
          "items": "FailedCheckpointRecord"
        },
        "doc": "The last that did not complete, oldest first.",
        "default": []
      }
    ]
  },
  "CheckpointsRestored": {
    "type": "record",
    "name": "CheckpointsRestored",
    "namespace": "sluice",
    "doc": "The checkpoints of a job of a snapshot, without what was acked, which follows; after its subtasks.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpoints",
        "type": "CheckpointsRecord",
        "doc": "All of them."
      }
    ]
  },
  "Claim": {
    "type": "record",
    "name": "Claim",
    "namespace": "sluice",
    "doc": "A bid for leadership. Counts if epoch is the current epoch + 1; the first such in log order wins.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "The epoch that the claimant wants to lead, from 1."
      },
      {
        "name": "leaderId",
        "type": "string",
        "doc": "Id of the claiming JobManager process."
      },
      {
        "name": "at",
        "type": "long",
        "doc": "max(claimant's clock, last at), Unix ms."
      }
    ]
  },
  "ClusterRestored": {
    "type": "record",
    "name": "ClusterRestored",
    "namespace": "sluice",
    "doc": "First event of a snapshot: the cluster as a whole as it was folded up to an offset.",
    "fields": [
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that was folded up to, exclusive."
      },
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch."
      },
      {
        "name": "seq",
        "type": "int",
        "doc": "seq of the last Commit that counted."
      },
      {
        "name": "eventCount",
        "type": "long",
        "doc": "Events that counted so far."
      },
      {
        "name": "lastAt",
        "type": "long",
        "doc": "at of the last record that counted, Unix ms."
      },
      {
        "name": "leaderId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Who leads the epoch.",
        "default": null
      },
      {
        "name": "restAddress",
        "type": [
          "null",
          "string"
        ],
        "doc": "Its REST endpoint; null before it has confirmed.",
        "default": null
      },
      {
        "name": "claimedAt",
        "type": "long",
        "doc": "When it claimed, Unix ms; 0 without a leader."
      },
      {
        "name": "inputs",
        "type": {
          "type": "array",
          "items": "Cause"
        },
        "doc": "Highest input offset answered of each partition."
      },
      {
        "name": "voidClaims",
        "type": "long",
        "doc": "Claims that did not count."
      },
      {
        "name": "voidCommits",
        "type": "long",
        "doc": "Commits that did not count."
      },
      {
        "name": "voidForeign",
        "type": "long",
        "doc": "Records that were none of the protocol’s."
      },
      {
        "name": "desiredTaskManagers",
        "type": "int",
        "doc": "TaskManagers that there should be at least."
      },
      {
        "name": "requests",
        "type": {
          "type": "map",
          "values": "long"
        },
        "doc": "Time of each request for a TaskManager that has not registered, by its id."
      },
      {
        "name": "requestCount",
        "type": "int",
        "doc": "Requests ever made."
      },
      {
        "name": "queue",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Job ids of the queue, in order."
      },
      {
        "name": "snapshots",
        "type": {
          "type": "array",
          "items": "SnapshotRecord"
        },
        "doc": "The last snapshots that were verified."
      }
    ]
  },
  "CommandAnswered": {
    "type": "record",
    "name": "CommandAnswered",
    "namespace": "sluice",
    "doc": "A command other than a submission was carried out or refused; the reply derives from this.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "rejection",
        "type": [
          "null",
          "RejectionCode"
        ],
        "doc": "Null where the command was accepted.",
        "default": null
      },
      {
        "name": "message",
        "type": "string",
        "doc": "For people; says the way out of a refusal."
      },
      {
        "name": "path",
        "type": [
          "null",
          "string"
        ],
        "doc": "Where a savepoint is.",
        "default": null
      }
    ]
  },
  "CommandReply": {
    "type": "record",
    "name": "CommandReply",
    "namespace": "sluice",
    "doc": "Answer to a command, on the replies topic, keyed by command id.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "rejection",
        "type": [
          "null",
          "RejectionCode"
        ],
        "doc": "Null where the command was accepted.",
        "default": null
      },
      {
        "name": "message",
        "type": "string",
        "doc": "For people."
      },
      {
        "name": "path",
        "type": [
          "null",
          "string"
        ],
        "doc": "Where a savepoint is.",
        "default": null
      }
    ]
  },
  "Commit": {
    "type": "record",
    "name": "Commit",
    "namespace": "sluice",
    "doc": "The events of one decision, appended as one record. Counts if epoch is current and seq is the last one + 1.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "The leader's epoch."
      },
      {
        "name": "seq",
        "type": "int",
        "doc": "Counts 1, 2, 3 … within the epoch."
      },
      {
        "name": "at",
        "type": "long",
        "doc": "max(leader's clock, last at), Unix ms; never goes back."
      },
      {
        "name": "causes",
        "type": {
          "type": "array",
          "items": "Cause"
        },
        "doc": "The inputs that this Commit answers, or [] where a timer was the input."
      },
      {
        "name": "events",
        "type": {
          "type": "array",
          "items": [
            "LeadershipConfirmed",
            "LeadershipReleased",
            "TaskManagerRegistered",
            "SlotOffered",
            "TaskManagerSuspected",
            "TaskManagerRecovered",
            "TaskManagerLost",
            "TaskManagerReleased",
            "JobSubmitted",
            "JobRejected",
            "JobQueued",
            "JobStarted",
            "JobRestarting",
            "JobCancelling",
            "JobCancelled",
            "JobFailing",
            "JobFailed",
            "JobFinished",
            "SlotAllocated",
            "SlotReleased",
            "TaskDeployed",
            "TaskRunning",
            "TaskFinished",
            "TaskCancelling",
            "TaskCancelled",
            "TaskFailed",
            "CommandAnswered",
            "InputsConsumed",
            "JobPlanned",
            "JobStopping",
            "JobPaused",
            "JobResumed",
            "JobRescaled",
            "JobExpired",
            "CheckpointTriggered",
            "CheckpointAcked",
            "CheckpointDeclined",
            "CheckpointCompleted",
            "CheckpointAborted",
            "CheckpointSubsumed",
            "SavepointCompleted",
            "TaskManagerRequested",
            "TaskManagerRequestExpired",
            "TaskManagerReleasing",
            "DesiredTaskManagersSet",
            "ClusterRestored",
            "TaskManagerRestored",
            "JobRestored",
            "SubtasksRestored",
            "CheckpointsRestored",
            "CheckpointStatesRestored",
            "AnswerRestored",
            "SnapshotTaken",
            "CheckpointDamaged",
            "RestoreStatesRead",
            "JobRestorePointSet"
          ]
        },
        "doc": "What was decided, in order."
      }
    ]
  },
  "CompletedCheckpointRecord": {
    "type": "record",
    "name": "CompletedCheckpointRecord",
    "namespace": "sluice",
    "doc": "A complete checkpoint.",
    "fields": [
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Its id."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "Why it was taken."
      },
      {
        "name": "triggeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "completedAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "path",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder of a savepoint.",
        "default": null
      },
      {
        "name": "bytes",
        "type": "long",
        "doc": "Size of its state in bytes."
      },
      {
        "name": "parallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Parallelism of each vertex."
      }
    ]
  },
  "DamagedCheckpointRecord": {
    "type": "record",
    "name": "DamagedCheckpointRecord",
    "namespace": "sluice",
    "doc": "A complete checkpoint that is passed over because its state is damaged.",
    "fields": [
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "damagedAt",
        "type": "long",
        "doc": "When that was found, Unix ms."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "The state that is damaged or gone."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What is wrong."
      }
    ]
  },
  "DamagedState": {
    "type": "record",
    "name": "DamagedState",
    "namespace": "sluice",
    "doc": "State that an attempt was to start from and that is not what was stored.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "Where it should be."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What is wrong."
      }
    ]
  },
  "DeadLetter": {
    "type": "record",
    "name": "DeadLetter",
    "namespace": "sluice",
    "doc": "An input that nobody could decode or accept.",
    "fields": [
      {
        "name": "topic",
        "type": "string",
        "doc": "Topic it was read from."
      },
      {
        "name": "partition",
        "type": "int",
        "doc": "Its partition."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Its offset."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why it was refused."
      },
      {
        "name": "value",
        "type": "bytes",
        "doc": "Its bytes."
      }
    ]
  },
  "DeployTasks": {
    "type": "record",
    "name": "DeployTasks",
    "namespace": "sluice",
    "doc": "Start these attempts; an attempt that is known already is left alone.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Job name."
      },
      {
        "name": "artifact",
        "type": "Artifact",
        "doc": "The bundle to rebuild the graph from."
      },
      {
        "name": "args",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Arguments of main(args)."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Default parallelism that the graph is built with (-p N), the same at the client and in each slot."
      },
      {
        "name": "graphHash",
        "type": "string",
        "doc": "The rebuilt graph must have this hash."
      },
      {
        "name": "taskManagers",
        "type": {
          "type": "array",
          "items": "TaskManagerAddress"
        },
        "doc": "All TaskManagers that the job runs on."
      },
      {
        "name": "placements",
        "type": {
          "type": "array",
          "items": "VertexPlacement"
        },
        "doc": "For each vertex of the graph, where its subtasks run."
      },
      {
        "name": "tasks",
        "type": {
          "type": "array",
          "items": "TaskAssignment"
        },
        "doc": "What to start on this TaskManager."
      },
      {
        "name": "restore",
        "type": [
          "null",
          "RestorePoint"
        ],
        "doc": "Null: start empty.",
        "default": null
      },
      {
        "name": "checkpointed",
        "type": "boolean",
        "doc": "The job has periodic checkpoints: its two-phase sinks commit with them, the last one included.",
        "default": false
      }
    ]
  },
  "DescribeProcess": {
    "type": "record",
    "name": "DescribeProcess",
    "namespace": "sluice",
    "doc": "Asks the actor that speaks for a process what the process is doing.",
    "fields": [
      {
        "name": "maxAttempts",
        "type": "int",
        "doc": "Attempts that the answer may list; 0: none."
      }
    ]
  },
  "DesiredTaskManagersSet": {
    "type": "record",
    "name": "DesiredTaskManagersSet",
    "namespace": "sluice",
    "doc": "How many TaskManagers the cluster should have at least.",
    "fields": [
      {
        "name": "desired",
        "type": "int",
        "doc": "Number of TaskManagers."
      }
    ]
  },
  "FailedCheckpointRecord": {
    "type": "record",
    "name": "FailedCheckpointRecord",
    "namespace": "sluice",
    "doc": "A checkpoint that did not complete.",
    "fields": [
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "Why it was taken."
      },
      {
        "name": "triggeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "failedAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      },
      {
        "name": "acked",
        "type": "int",
        "doc": "Subtasks that had acked it."
      },
      {
        "name": "subtasks",
        "type": "int",
        "doc": "Subtasks that had to."
      }
    ]
  },
  "FailureRecord": {
    "type": "record",
    "name": "FailureRecord",
    "namespace": "sluice",
    "doc": "A failure of a job.",
    "fields": [
      {
        "name": "failedAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "task",
        "type": [
          "null",
          "TaskRef"
        ],
        "doc": "The task that failed.",
        "default": null
      },
      {
        "name": "taskManagerId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Where.",
        "default": null
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "HeldSlot": {
    "type": "record",
    "name": "HeldSlot",
    "namespace": "sluice",
    "doc": "A slot that a job holds.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager."
      },
      {
        "name": "slotSharingGroup",
        "type": "string",
        "doc": "Group whose subtasks may share it."
      }
    ]
  },
  "InputsConsumed": {
    "type": "record",
    "name": "InputsConsumed",
    "namespace": "sluice",
    "doc": "Inputs up to here were read and decided nothing; keeps the resume distance short. The offsets are the causes of its Commit.",
    "fields": []
  },
  "JobCancelled": {
    "type": "record",
    "name": "JobCancelled",
    "namespace": "sluice",
    "doc": "Terminal: cancelled as asked.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobCancelling": {
    "type": "record",
    "name": "JobCancelling",
    "namespace": "sluice",
    "doc": "Cancelling was asked for; the live attempts are being cancelled.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobEdge": {
    "type": "record",
    "name": "JobEdge",
    "namespace": "sluice",
    "doc": "An input of a job vertex.",
    "fields": [
      {
        "name": "source",
        "type": "int",
        "doc": "Index of the vertex that the records come from."
      },
      {
        "name": "strategy",
        "type": "ShipStrategy",
        "doc": "How records are distributed over the subtasks."
      }
    ]
  },
  "JobExpired": {
    "type": "record",
    "name": "JobExpired",
    "namespace": "sluice",
    "doc": "A job that ended long ago is forgotten.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobFailed": {
    "type": "record",
    "name": "JobFailed",
    "namespace": "sluice",
    "doc": "Terminal: failed.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "The failure."
      }
    ]
  },
  "JobFailing": {
    "type": "record",
    "name": "JobFailing",
    "namespace": "sluice",
    "doc": "The job cannot go on; the live attempts are being cancelled.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "The failure, with the stack of the user function where there is one."
      }
    ]
  },
  "JobFinished": {
    "type": "record",
    "name": "JobFinished",
    "namespace": "sluice",
    "doc": "Terminal: every task finished.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobGraph": {
    "type": "record",
    "name": "JobGraph",
    "namespace": "sluice",
    "doc": "What a job is made of, as its client planned it; vertices in topological order.",
    "fields": [
      {
        "name": "vertices",
        "type": {
          "type": "array",
          "items": "JobVertex"
        },
        "doc": "Job vertices, sources first."
      },
      {
        "name": "hash",
        "type": "string",
        "doc": "sha256 in hex of everything above and each operator kind; a rebuilt graph must match it."
      }
    ]
  },
  "JobManagerDescription": {
    "type": "record",
    "name": "JobManagerDescription",
    "namespace": "sluice",
    "doc": "What a JobManager is doing: its answer to DescribeProcess.",
    "fields": [
      {
        "name": "jobManagerId",
        "type": "string",
        "doc": "Id of the process."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id."
      },
      {
        "name": "restAddress",
        "type": "string",
        "doc": "http://host:port; empty where REST is off."
      },
      {
        "name": "role",
        "type": "JobManagerRole",
        "doc": "Role now."
      },
      {
        "name": "epoch",
        "type": "int",
        "doc": "Highest epoch that it has folded."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that its replica has folded up to (exclusive)."
      },
      {
        "name": "upMs",
        "type": "long",
        "doc": "Milliseconds since it was started."
      },
      {
        "name": "cpuLoad",
        "type": "double",
        "doc": "Share of the machine's cores that the process uses, 0 to 1."
      },
      {
        "name": "usedHeapBytes",
        "type": "long",
        "doc": "Heap in use."
      },
      {
        "name": "actors",
        "type": {
          "type": "array",
          "items": "ActorDescription"
        },
        "doc": "Its parts, parents first."
      }
    ]
  },
  "JobManagerHeartbeat": {
    "type": "record",
    "name": "JobManagerHeartbeat",
    "namespace": "sluice",
    "doc": "A JobManager lives; the leader's is its keepalive.",
    "fields": [
      {
        "name": "jobManagerId",
        "type": "string",
        "doc": "Id of the process."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id."
      },
      {
        "name": "restAddress",
        "type": "string",
        "doc": "http://host:port."
      },
      {
        "name": "role",
        "type": "JobManagerRole",
        "doc": "Role now."
      },
      {
        "name": "epoch",
        "type": "int",
        "doc": "Highest epoch that it has folded."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that its replica has folded up to (exclusive)."
      }
    ]
  },
  "JobManagerRole": {
    "type": "enum",
    "name": "JobManagerRole",
    "namespace": "sluice",
    "doc": "What a JobManager does now.",
    "symbols": [
      "leader",
      "standby"
    ]
  },
  "JobOptions": {
    "type": "record",
    "name": "JobOptions",
    "namespace": "sluice",
    "doc": "How a job is run, beside its graph.",
    "fields": [
      {
        "name": "priority",
        "type": "int",
        "doc": "Higher ones get slots first; default 0.",
        "default": 0
      },
      {
        "name": "startAt",
        "type": [
          "null",
          "long"
        ],
        "doc": "Not deployed before this time, Unix ms; null for at once.",
        "default": null
      },
      {
        "name": "parentJobId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Job that must have finished first.",
        "default": null
      },
      {
        "name": "waitForParent",
        "type": "boolean",
        "doc": "Wait for the parent instead of being refused.",
        "default": false
      },
      {
        "name": "restartStrategy",
        "type": [
          "null",
          "RestartStrategy"
        ],
        "doc": "Null for the cluster's.",
        "default": null
      },
      {
        "name": "checkpointing",
        "type": [
          "null",
          "CheckpointConfig"
        ],
        "doc": "Null: no periodic checkpoints; savepoints work all the same.",
        "default": null
      },
      {
        "name": "savepointPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Savepoint or checkpoint to start from.",
        "default": null
      },
      {
        "name": "allowNonRestoredState",
        "type": "boolean",
        "doc": "Ignore state in it that no operator claims.",
        "default": false
      }
    ]
  },
  "JobPaused": {
    "type": "record",
    "name": "JobPaused",
    "namespace": "sluice",
    "doc": "The job holds no slot; its state is kept by the savepoint until it is resumed.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobPlanned": {
    "type": "record",
    "name": "JobPlanned",
    "namespace": "sluice",
    "doc": "The graph of a job that was submitted without one was planned from its artifact.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "artifact",
        "type": "Artifact",
        "doc": "The bundle that it was planned from, which the tasks run: a submission may have named it without its hash."
      },
      {
        "name": "graph",
        "type": "JobGraph",
        "doc": "The planned graph."
      },
      {
        "name": "checkpointing",
        "type": [
          "null",
          "CheckpointConfig"
        ],
        "doc": "As the program asks for; the submission’s own setting goes first.",
        "default": null
      }
    ]
  },
  "JobQueued": {
    "type": "record",
    "name": "JobQueued",
    "namespace": "sluice",
    "doc": "The job waits: slots are short.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "slotsNeeded",
        "type": "int",
        "doc": "Slots that the job still needs."
      }
    ]
  },
  "JobRejected": {
    "type": "record",
    "name": "JobRejected",
    "namespace": "sluice",
    "doc": "A submission was refused.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "code",
        "type": "RejectionCode",
        "doc": "Stable code."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What was wrong with what, and the way out."
      }
    ]
  },
  "JobRescaled": {
    "type": "record",
    "name": "JobRescaled",
    "namespace": "sluice",
    "doc": "The parallelism of the job changed, or its tasks are placed anew; it is deployed from its newest checkpoint.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "parallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Number of subtasks of each vertex."
      },
      {
        "name": "wanted",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Number of subtasks of each vertex that the job is to have when there are slots for all."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "JobRestarting": {
    "type": "record",
    "name": "JobRestarting",
    "namespace": "sluice",
    "doc": "A failure made regions of the job release their tasks; they are scheduled anew at restartAt.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "The failure."
      },
      {
        "name": "restartAt",
        "type": "long",
        "doc": "Earliest time of the next attempt, Unix ms."
      },
      {
        "name": "regions",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Pipelined regions that start anew.",
        "default": []
      },
      {
        "name": "consecutive",
        "type": "int",
        "doc": "Restarts in a row without the strategy’s reset in between, this one included.",
        "default": 1
      }
    ]
  },
  "JobRestorePointSet": {
    "type": "record",
    "name": "JobRestorePointSet",
    "namespace": "sluice",
    "doc": "All state that a new job starts from is known, and fits its graph.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "path",
        "type": "string",
        "doc": "The savepoint or retained checkpoint."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Id that it had; the job counts on from it."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "Why it was taken."
      },
      {
        "name": "triggeredAt",
        "type": "long",
        "doc": "When it was taken, Unix ms."
      },
      {
        "name": "parallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "By the vertices of the new graph: parallelism that their state was taken at; 0 where it comes from vertices of several."
      }
    ]
  },
  "JobRestored": {
    "type": "record",
    "name": "JobRestored",
    "namespace": "sluice",
    "doc": "A job of a snapshot, without its subtasks and checkpoints, which follow.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "commandId",
        "type": "string",
        "doc": "Command that submitted it."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Job name."
      },
      {
        "name": "artifact",
        "type": "Artifact",
        "doc": "Its bundle."
      },
      {
        "name": "args",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Arguments of main(args)."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Default parallelism of its graph."
      },
      {
        "name": "options",
        "type": "JobOptions",
        "doc": "How it is run."
      },
      {
        "name": "graph",
        "type": "JobGraph",
        "doc": "Its graph."
      },
      {
        "name": "parallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Parallelism in force of each vertex."
      },
      {
        "name": "wantedParallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Parallelism of each vertex when there are slots for all."
      },
      {
        "name": "rescheduledAt",
        "type": "long",
        "doc": "When it was rescaled or placed anew last, Unix ms; 0: never."
      },
      {
        "name": "submittedAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "status",
        "type": "JobStatusKind",
        "doc": "Status."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "RESTARTING, FAILING, FAILED: why."
      },
      {
        "name": "restartAt",
        "type": "long",
        "doc": "RESTARTING: when, Unix ms."
      },
      {
        "name": "queuedFor",
        "type": [
          "null",
          "int"
        ],
        "doc": "CREATED, RESTARTING: slots that it waits for.",
        "default": null
      },
      {
        "name": "endedAt",
        "type": "long",
        "doc": "Terminal: when, Unix ms."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "STOPPING: for what."
      },
      {
        "name": "rescaleTo",
        "type": "int",
        "doc": "STOPPING: the new parallelism."
      },
      {
        "name": "giveUpAt",
        "type": "long",
        "doc": "STOPPING: when its tasks are cancelled, Unix ms."
      },
      {
        "name": "timestamps",
        "type": {
          "type": "map",
          "values": "long"
        },
        "doc": "When each status was entered, Unix ms."
      },
      {
        "name": "slots",
        "type": {
          "type": "array",
          "items": "HeldSlot"
        },
        "doc": "Slots that it holds."
      },
      {
        "name": "regionRuns",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Run of each region."
      },
      {
        "name": "restarts",
        "type": "int",
        "doc": "Restarts so far."
      },
      {
        "name": "consecutiveRestarts",
        "type": "int",
        "doc": "Restarts in a row."
      },
      {
        "name": "restartTimes",
        "type": {
          "type": "array",
          "items": "long"
        },
        "doc": "Times of the last restarts, Unix ms."
      },
      {
        "name": "failures",
        "type": {
          "type": "array",
          "items": "FailureRecord"
        },
        "doc": "Last failures."
      }
    ]
  },
  "JobResumed": {
    "type": "record",
    "name": "JobResumed",
    "namespace": "sluice",
    "doc": "A paused job goes on from its savepoint.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobStarted": {
    "type": "record",
    "name": "JobStarted",
    "namespace": "sluice",
    "doc": "Every task of the job runs or has finished: the job is RUNNING.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "JobState": {
    "type": "enum",
    "name": "JobState",
    "namespace": "sluice",
    "doc": "State of a job, in Flink’s words.",
    "symbols": [
      "CREATED",
      "RUNNING",
      "FAILING",
      "FAILED",
      "CANCELLING",
      "CANCELED",
      "FINISHED",
      "RESTARTING",
      "SUSPENDED",
      "INITIALIZING"
    ]
  },
  "JobStatus": {
    "type": "record",
    "name": "JobStatus",
    "namespace": "sluice",
    "doc": "Current state of a job on the jobs topic, keyed by job id.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Job name."
      },
      {
        "name": "state",
        "type": "JobState",
        "doc": "State."
      },
      {
        "name": "startTime",
        "type": "long",
        "doc": "When it was submitted, Unix ms."
      },
      {
        "name": "endTime",
        "type": "long",
        "doc": "When it ended, Unix ms; -1 while it runs."
      },
      {
        "name": "reason",
        "type": [
          "null",
          "string"
        ],
        "doc": "The failure of a FAILED job.",
        "default": null
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that this state follows from."
      }
    ]
  },
  "JobStatusKind": {
    "type": "enum",
    "name": "JobStatusKind",
    "namespace": "sluice",
    "doc": "What a job does, as the ledger tells its states apart.",
    "symbols": [
      "INITIALIZING",
      "CREATED",
      "RUNNING",
      "RESTARTING",
      "STOPPING",
      "SUSPENDED",
      "CANCELLING",
      "CANCELED",
      "FAILING",
      "FAILED",
      "FINISHED"
    ]
  },
  "JobStopping": {
    "type": "record",
    "name": "JobStopping",
    "namespace": "sluice",
    "doc": "The savepoint that pause, stop or rescale asked for is complete; the live attempts end now.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "PAUSE, STOP or RESCALE."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "RESCALE: the new parallelism; else 0.",
        "default": 0
      }
    ]
  },
  "JobSubmitted": {
    "type": "record",
    "name": "JobSubmitted",
    "namespace": "sluice",
    "doc": "A job was accepted; from here on it is worked on until it ends.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Job name for people."
      },
      {
        "name": "artifact",
        "type": "Artifact",
        "doc": "The bundle that each slot runs to rebuild the graph."
      },
      {
        "name": "args",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Arguments of main(args)."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Default parallelism that the graph is built with (-p N), the same at the client and in each slot."
      },
      {
        "name": "graph",
        "type": [
          "null",
          "JobGraph"
        ],
        "doc": "The planned graph; null: the leader has it planned from the artifact.",
        "default": null
      },
      {
        "name": "options",
        "type": "JobOptions",
        "doc": "How the job is run.",
        "default": {
          "priority": 0,
          "startAt": null,
          "parentJobId": null,
          "waitForParent": false,
          "restartStrategy": null,
          "checkpointing": null,
          "savepointPath": null,
          "allowNonRestoredState": false
        }
      }
    ]
  },
  "JobVertex": {
    "type": "record",
    "name": "JobVertex",
    "namespace": "sluice",
    "doc": "A chain of operators that runs as one task in each of its subtasks.",
    "fields": [
      {
        "name": "id",
        "type": "string",
        "doc": "JobVertexID: 32 lower-case hex digits."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Names of the chained operators."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Number of subtasks, from 1."
      },
      {
        "name": "maxParallelism",
        "type": "int",
        "doc": "Number of key groups, the limit of any later parallelism."
      },
      {
        "name": "slotSharingGroup",
        "type": "string",
        "doc": "Subtasks of the same group and different vertices may share a slot."
      },
      {
        "name": "operators",
        "type": {
          "type": "array",
          "items": "OperatorInfo"
        },
        "doc": "The chained operators, head first."
      },
      {
        "name": "inputs",
        "type": {
          "type": "array",
          "items": "JobEdge"
        },
        "doc": "Inputs, empty for a source."
      },
      {
        "name": "coLocationGroup",
        "type": [
          "null",
          "string"
        ],
        "doc": "Subtasks with one index of the vertices of one group always share a slot.",
        "default": null
      }
    ]
  },
  "LeadershipConfirmed": {
    "type": "record",
    "name": "LeadershipConfirmed",
    "namespace": "sluice",
    "doc": "The claimant has read its Claim back and leads; the first event of an epoch.",
    "fields": [
      {
        "name": "leaderId",
        "type": "string",
        "doc": "Id of the leading JobManager process."
      },
      {
        "name": "restAddress",
        "type": "string",
        "doc": "Address of its REST endpoint, http://host:port."
      }
    ]
  },
  "LeadershipReleased": {
    "type": "record",
    "name": "LeadershipReleased",
    "namespace": "sluice",
    "doc": "The leader shuts down in order: a standby may claim at once.",
    "fields": [
      {
        "name": "leaderId",
        "type": "string",
        "doc": "Id of the JobManager that led."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why, in a sentence."
      }
    ]
  },
  "OperatorInfo": {
    "type": "record",
    "name": "OperatorInfo",
    "namespace": "sluice",
    "doc": "One operator of a job vertex.",
    "fields": [
      {
        "name": "uid",
        "type": "string",
        "doc": "Operator uid, stable over versions of the job."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Name for people."
      }
    ]
  },
  "PauseJob": {
    "type": "record",
    "name": "PauseJob",
    "namespace": "sluice",
    "doc": "Takes a savepoint, ends the tasks and frees the slots; ResumeJob goes on from there.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "PendingCheckpointRecord": {
    "type": "record",
    "name": "PendingCheckpointRecord",
    "namespace": "sluice",
    "doc": "A checkpoint under way.",
    "fields": [
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Its id."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "Why it is taken."
      },
      {
        "name": "triggeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "expiresAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder of a savepoint.",
        "default": null
      },
      {
        "name": "commandId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Command that asked for it.",
        "default": null
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "RESCALE: the new parallelism."
      },
      {
        "name": "waitingFor",
        "type": {
          "type": "array",
          "items": "TaskRef"
        },
        "doc": "Who has not acked."
      },
      {
        "name": "broken",
        "type": [
          "null",
          "string"
        ],
        "doc": "Why it cannot complete.",
        "default": null
      },
      {
        "name": "drain",
        "type": "boolean",
        "doc": "STOP: event time goes to its end before the barrier.",
        "default": false
      }
    ]
  },
  "ProcessMemory": {
    "type": "record",
    "name": "ProcessMemory",
    "namespace": "sluice",
    "doc": "Memory and disk of a TaskManager process, in bytes: what its slot threads use and what they may. 0 as a maximum: not limited.",
    "fields": [
      {
        "name": "pressure",
        "type": "int",
        "doc": "How short memory is in the thread where it is shortest: 0 not, 1 elevated, 2 high."
      },
      {
        "name": "residentBytes",
        "type": "long",
        "doc": "Memory of the whole process that the system holds for it alone."
      },
      {
        "name": "processMaxBytes",
        "type": "long",
        "doc": "What it should keep within."
      },
      {
        "name": "heapUsedBytes",
        "type": "long",
        "doc": "Heap of the slot threads."
      },
      {
        "name": "heapMaxBytes",
        "type": "long",
        "doc": "What all slots may have of it."
      },
      {
        "name": "offHeapUsedBytes",
        "type": "long",
        "doc": "Buffers of the slot threads, outside the heap."
      },
      {
        "name": "offHeapMaxBytes",
        "type": "long",
        "doc": "What all slots may have of them."
      },
      {
        "name": "managedUsedBytes",
        "type": "long",
        "doc": "Caches of state in LMDB."
      },
      {
        "name": "managedMaxBytes",
        "type": "long",
        "doc": "What all slots may have for them."
      },
      {
        "name": "networkUsedBytes",
        "type": "long",
        "doc": "Batches that were received and not worked off."
      },
      {
        "name": "networkMaxBytes",
        "type": "long",
        "doc": "What all slots may hold of them in memory."
      },
      {
        "name": "segmentBytes",
        "type": "int",
        "doc": "Size of a memory segment, the unit in which network memory is told."
      },
      {
        "name": "spilledBytes",
        "type": "long",
        "doc": "Batches that were received and wait on disk, for want of network memory."
      },
      {
        "name": "diskUsedBytes",
        "type": "long",
        "doc": "State and spilled batches on disk."
      },
      {
        "name": "slotDiskMaxBytes",
        "type": "long",
        "doc": "What a slot may have of the disk."
      }
    ]
  },
  "RegisterTaskManager": {
    "type": "record",
    "name": "RegisterTaskManager",
    "namespace": "sluice",
    "doc": "A TaskManager joins, or registers anew, with everything that it runs.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id on its host."
      },
      {
        "name": "host",
        "type": "string",
        "doc": "Host that peers reach its data port at."
      },
      {
        "name": "dataPort",
        "type": "int",
        "doc": "TCP port of its data plane."
      },
      {
        "name": "slots",
        "type": "int",
        "doc": "Number of slots."
      },
      {
        "name": "managedMemoryBytes",
        "type": "long",
        "doc": "Managed memory of the whole TaskManager in bytes."
      },
      {
        "name": "registration",
        "type": "int",
        "doc": "Counts the registrations of this TaskManager process, from 1. One that is repeated or lands late is told by it."
      },
      {
        "name": "attempts",
        "type": {
          "type": "array",
          "items": "AttemptReport"
        },
        "doc": "Every attempt that it runs now."
      },
      {
        "name": "requestId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Request of the ResourceManager that started it.",
        "default": null
      }
    ]
  },
  "RegistrationAccepted": {
    "type": "record",
    "name": "RegistrationAccepted",
    "namespace": "sluice",
    "doc": "The ledger knows the TaskManager.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      }
    ]
  },
  "RegistrationRequired": {
    "type": "record",
    "name": "RegistrationRequired",
    "namespace": "sluice",
    "doc": "The ledger does not know the TaskManager (any more): it cancels what it runs and registers anew.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "RejectionCode": {
    "type": "enum",
    "name": "RejectionCode",
    "namespace": "sluice",
    "doc": "Why a command was refused.",
    "symbols": [
      "DUPLICATE_JOB",
      "INVALID_GRAPH",
      "UNKNOWN_JOB",
      "JOB_TERMINATED",
      "INVALID_COMMAND",
      "PARENT_NOT_COMPLETED",
      "JOB_NOT_RUNNING",
      "NOT_RESCALABLE",
      "SAVEPOINT_FAILED"
    ]
  },
  "ReleaseJob": {
    "type": "record",
    "name": "ReleaseJob",
    "namespace": "sluice",
    "doc": "The job has ended: drop whatever is kept for it.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "RequestCheckpoint": {
    "type": "record",
    "name": "RequestCheckpoint",
    "namespace": "sluice",
    "doc": "Takes a checkpoint of a running job now.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "RescaleJob": {
    "type": "record",
    "name": "RescaleJob",
    "namespace": "sluice",
    "doc": "Changes the parallelism of a running job through a savepoint.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "New parallelism of every vertex that can have it."
      }
    ]
  },
  "RestartStrategy": {
    "type": "record",
    "name": "RestartStrategy",
    "namespace": "sluice",
    "doc": "When and how often a failed job starts anew.",
    "fields": [
      {
        "name": "kind",
        "type": "RestartStrategyKind",
        "doc": "The strategy; the fields that it does not name are ignored."
      },
      {
        "name": "attempts",
        "type": "int",
        "doc": "FIXED_DELAY: restarts before the job fails; -1 for no limit. EXPONENTIAL_DELAY likewise, counted since the last reset."
      },
      {
        "name": "delayMs",
        "type": "long",
        "doc": "Delay before a restart in ms; EXPONENTIAL_DELAY: before the first."
      },
      {
        "name": "maxDelayMs",
        "type": "long",
        "doc": "EXPONENTIAL_DELAY: longest delay in ms."
      },
      {
        "name": "backoffMultiplier",
        "type": "double",
        "doc": "EXPONENTIAL_DELAY: factor from one delay to the next."
      },
      {
        "name": "resetAfterMs",
        "type": "long",
        "doc": "EXPONENTIAL_DELAY: time without a failure in ms after which the delay starts anew."
      },
      {
        "name": "maxFailures",
        "type": "int",
        "doc": "FAILURE_RATE: failures within the interval that are tolerated."
      },
      {
        "name": "intervalMs",
        "type": "long",
        "doc": "FAILURE_RATE: the interval in ms."
      }
    ]
  },
  "RestartStrategyKind": {
    "type": "enum",
    "name": "RestartStrategyKind",
    "namespace": "sluice",
    "doc": "Which restart strategy a job follows, in Flink’s words.",
    "symbols": [
      "NONE",
      "FIXED_DELAY",
      "EXPONENTIAL_DELAY",
      "FAILURE_RATE"
    ]
  },
  "RestorePoint": {
    "type": "record",
    "name": "RestorePoint",
    "namespace": "sluice",
    "doc": "The checkpoint that attempts start from.",
    "fields": [
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Its id; 0 where only a path is known."
      },
      {
        "name": "path",
        "type": [
          "null",
          "string"
        ],
        "doc": "Savepoint folder, where the job starts from one.",
        "default": null
      },
      {
        "name": "allowNonRestoredState",
        "type": "boolean",
        "doc": "Ignore state that no operator claims."
      },
      {
        "name": "parallelisms",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Parallelism of each vertex when it was taken."
      },
      {
        "name": "states",
        "type": {
          "type": "array",
          "items": "SubtaskState"
        },
        "doc": "What the tasks of this message restore: their own, or all of the vertex after a rescale."
      }
    ]
  },
  "RestoreStatesRead": {
    "type": "record",
    "name": "RestoreStatesRead",
    "namespace": "sluice",
    "doc": "Some of the state that a new job starts from, as the manifest of its savepoint lists it.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "states",
        "type": {
          "type": "array",
          "items": "SubtaskState"
        },
        "doc": "By the vertices of the new graph."
      }
    ]
  },
  "ResultBatch": {
    "type": "record",
    "name": "ResultBatch",
    "namespace": "sluice",
    "doc": "Lines that print produced, keyed by job id.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "uid",
        "type": "string",
        "doc": "uid of the sink."
      },
      {
        "name": "lines",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "In order."
      }
    ]
  },
  "ResumeJob": {
    "type": "record",
    "name": "ResumeJob",
    "namespace": "sluice",
    "doc": "Lets a paused job go on.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      }
    ]
  },
  "SavepointCompleted": {
    "type": "record",
    "name": "SavepointCompleted",
    "namespace": "sluice",
    "doc": "A savepoint is complete and belongs to its owner.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "path",
        "type": "string",
        "doc": "Where it is."
      }
    ]
  },
  "SetDesiredTaskManagers": {
    "type": "record",
    "name": "SetDesiredTaskManagers",
    "namespace": "sluice",
    "doc": "Sets how many TaskManagers the cluster should have at least.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "desired",
        "type": "int",
        "doc": "Number of TaskManagers."
      }
    ]
  },
  "ShipStrategy": {
    "type": "enum",
    "name": "ShipStrategy",
    "namespace": "sluice",
    "doc": "How records travel along an edge. FORWARD: to the subtask of the same index; HASH: to the owner of the key; REBALANCE: to each in turn; RESCALE: to each of the consumers that belong to the producer in turn; SHUFFLE: to any; BROADCAST: to all; GLOBAL: to the first; CUSTOM: as a function of the job says.",
    "symbols": [
      "FORWARD",
      "HASH",
      "REBALANCE",
      "RESCALE",
      "SHUFFLE",
      "BROADCAST",
      "GLOBAL",
      "CUSTOM"
    ]
  },
  "SlotAllocated": {
    "type": "record",
    "name": "SlotAllocated",
    "namespace": "sluice",
    "doc": "A slot belongs to a job and a slot sharing group until it is released.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager, from 0."
      },
      {
        "name": "slotSharingGroup",
        "type": "string",
        "doc": "Group whose subtasks may share this slot."
      }
    ]
  },
  "SlotOffered": {
    "type": "record",
    "name": "SlotOffered",
    "namespace": "sluice",
    "doc": "A slot became available to the ResourceManager.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager, from 0."
      },
      {
        "name": "managedMemoryBytes",
        "type": "long",
        "doc": "Managed memory share of this slot in bytes."
      }
    ]
  },
  "SlotReleased": {
    "type": "record",
    "name": "SlotReleased",
    "namespace": "sluice",
    "doc": "A slot is free again.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager, from 0."
      }
    ]
  },
  "SnapshotRecord": {
    "type": "record",
    "name": "SnapshotRecord",
    "namespace": "sluice",
    "doc": "A snapshot that was verified.",
    "fields": [
      {
        "name": "id",
        "type": "string",
        "doc": "Its id."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that it stands at, exclusive."
      },
      {
        "name": "eventCount",
        "type": "long",
        "doc": "Events that it stands for."
      },
      {
        "name": "parts",
        "type": "int",
        "doc": "Records that it consists of."
      },
      {
        "name": "position",
        "type": "long",
        "doc": "Offset of its first record in the snapshots topic."
      },
      {
        "name": "takenAt",
        "type": "long",
        "doc": "Unix ms."
      }
    ]
  },
  "SnapshotTaken": {
    "type": "record",
    "name": "SnapshotTaken",
    "namespace": "sluice",
    "doc": "A snapshot of the state at an offset was written, read back and verified; the log below the oldest that is kept may be trimmed. On the snapshots topic, behind the snapshot’s own records, it says that they are whole.",
    "fields": [
      {
        "name": "snapshotId",
        "type": "string",
        "doc": "Id, part of the keys of its records in the snapshots topic."
      },
      {
        "name": "offset",
        "type": "long",
        "doc": "Offset of events that it stands at, exclusive."
      },
      {
        "name": "eventCount",
        "type": "long",
        "doc": "Events that it stands for, from the beginning of the log."
      },
      {
        "name": "parts",
        "type": "int",
        "doc": "Records that it consists of."
      },
      {
        "name": "bytes",
        "type": "long",
        "doc": "Its size in bytes."
      },
      {
        "name": "position",
        "type": "long",
        "doc": "Offset of its first record in the snapshots topic."
      },
      {
        "name": "dropped",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Ids of older snapshots that are no longer kept."
      }
    ]
  },
  "StopWithSavepoint": {
    "type": "record",
    "name": "StopWithSavepoint",
    "namespace": "sluice",
    "doc": "Takes a savepoint and ends the job as FINISHED.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder for it; null for the configured one.",
        "default": null
      },
      {
        "name": "drain",
        "type": "boolean",
        "doc": "Let event time go to its end first, so that every window and timer fires; for a job that will not go on.",
        "default": false
      }
    ]
  },
  "SubmitJob": {
    "type": "record",
    "name": "SubmitJob",
    "namespace": "sluice",
    "doc": "Asks for a job to be run. Repeating it with the same commandId is harmless.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command, chosen by its sender; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "name",
        "type": "string",
        "doc": "Job name for people."
      },
      {
        "name": "artifact",
        "type": "Artifact",
        "doc": "The bundle, appended to the artifacts topic before this."
      },
      {
        "name": "args",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Arguments of main(args)."
      },
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Default parallelism that the graph is built with (-p N), the same at the client and in each slot."
      },
      {
        "name": "graph",
        "type": [
          "null",
          "JobGraph"
        ],
        "doc": "The planned graph; null: the leader has it planned from the artifact.",
        "default": null
      },
      {
        "name": "options",
        "type": "JobOptions",
        "doc": "How the job is run.",
        "default": {
          "priority": 0,
          "startAt": null,
          "parentJobId": null,
          "waitForParent": false,
          "restartStrategy": null,
          "checkpointing": null,
          "savepointPath": null,
          "allowNonRestoredState": false
        }
      }
    ]
  },
  "SubtaskRecord": {
    "type": "record",
    "name": "SubtaskRecord",
    "namespace": "sluice",
    "doc": "A subtask of a snapshot.",
    "fields": [
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index within its vertex."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Current attempt, -1 before the first."
      },
      {
        "name": "run",
        "type": "int",
        "doc": "Run of its region when it was deployed."
      },
      {
        "name": "state",
        "type": "SubtaskStateKind",
        "doc": "State."
      },
      {
        "name": "taskManagerId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Where the attempt is or was; null before the first.",
        "default": null
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager."
      },
      {
        "name": "slotBytes",
        "type": "long",
        "doc": "-1: the slot exists in this snapshot. Else its TaskManager is gone and this was its size in bytes."
      },
      {
        "name": "timestamps",
        "type": {
          "type": "map",
          "values": "long"
        },
        "doc": "When each state was entered, Unix ms."
      },
      {
        "name": "reason",
        "type": [
          "null",
          "string"
        ],
        "doc": "Error of a FAILED attempt.",
        "default": null
      }
    ]
  },
  "SubtaskState": {
    "type": "record",
    "name": "SubtaskState",
    "namespace": "sluice",
    "doc": "State of one subtask in a checkpoint.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex."
      },
      {
        "name": "handle",
        "type": "string",
        "doc": "Where it is."
      },
      {
        "name": "bytes",
        "type": "long",
        "doc": "Its size in bytes."
      },
      {
        "name": "shared",
        "type": {
          "type": "array",
          "items": "string"
        },
        "doc": "Handles of the shared files that the state refers to.",
        "default": []
      },
      {
        "name": "operators",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "Operators of the vertex, by their index in its chain, whose state it has.",
        "default": []
      },
      {
        "name": "metrics",
        "type": [
          "null",
          "CheckpointMetrics"
        ],
        "doc": "Null where nothing was measured.",
        "default": null
      },
      {
        "name": "ackedAt",
        "type": "long",
        "doc": "Unix ms.",
        "default": 0
      },
      {
        "name": "inputEnded",
        "type": "boolean",
        "doc": "All of the subtask's input was over before the barrier.",
        "default": false
      }
    ]
  },
  "SubtaskStateKind": {
    "type": "enum",
    "name": "SubtaskStateKind",
    "namespace": "sluice",
    "doc": "State of a subtask.",
    "symbols": [
      "CREATED",
      "DEPLOYING",
      "RUNNING",
      "CANCELING",
      "FINISHED",
      "CANCELED",
      "FAILED"
    ]
  },
  "SubtasksRestored": {
    "type": "record",
    "name": "SubtasksRestored",
    "namespace": "sluice",
    "doc": "Subtasks of one vertex of a snapshot.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the vertex."
      },
      {
        "name": "subtasks",
        "type": {
          "type": "array",
          "items": "SubtaskRecord"
        },
        "doc": "Some or all of them."
      }
    ]
  },
  "TaskAssignment": {
    "type": "record",
    "name": "TaskAssignment",
    "namespace": "sluice",
    "doc": "One attempt to start.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager, from 0."
      }
    ]
  },
  "TaskCancelled": {
    "type": "record",
    "name": "TaskCancelled",
    "namespace": "sluice",
    "doc": "Terminal: the attempt stopped as told.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      }
    ]
  },
  "TaskCancelling": {
    "type": "record",
    "name": "TaskCancelling",
    "namespace": "sluice",
    "doc": "The attempt was told to stop.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      }
    ]
  },
  "TaskDeployed": {
    "type": "record",
    "name": "TaskDeployed",
    "namespace": "sluice",
    "doc": "A new execution attempt of a subtask is assigned to a slot.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "slot",
        "type": "int",
        "doc": "Index of the slot on its TaskManager, from 0."
      }
    ]
  },
  "TaskFailed": {
    "type": "record",
    "name": "TaskFailed",
    "namespace": "sluice",
    "doc": "Terminal: the attempt ended with an error. Attempts on a TaskManager that is lost or released fail by that event alone.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "The error, with its stack where there is one."
      }
    ]
  },
  "TaskFinished": {
    "type": "record",
    "name": "TaskFinished",
    "namespace": "sluice",
    "doc": "Terminal: the attempt reached the end of its input.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      }
    ]
  },
  "TaskManagerAddress": {
    "type": "record",
    "name": "TaskManagerAddress",
    "namespace": "sluice",
    "doc": "Where a TaskManager of the deployment serves data.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "host",
        "type": "string",
        "doc": "Host."
      },
      {
        "name": "dataPort",
        "type": "int",
        "doc": "TCP port."
      }
    ]
  },
  "TaskManagerDescription": {
    "type": "record",
    "name": "TaskManagerDescription",
    "namespace": "sluice",
    "doc": "What a TaskManager is doing: its answer to DescribeProcess.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id."
      },
      {
        "name": "registered",
        "type": "boolean",
        "doc": "The ledger knows it, as far as it was told."
      },
      {
        "name": "epoch",
        "type": "int",
        "doc": "Highest epoch of a leader that it has heard."
      },
      {
        "name": "upMs",
        "type": "long",
        "doc": "Milliseconds since it was started."
      },
      {
        "name": "cpuLoad",
        "type": "double",
        "doc": "Share of the machine's cores that the process uses, 0 to 1."
      },
      {
        "name": "usedHeapBytes",
        "type": "long",
        "doc": "Heap in use."
      },
      {
        "name": "waitingReports",
        "type": "int",
        "doc": "Reports that wait to be written to status."
      },
      {
        "name": "attemptCount",
        "type": "int",
        "doc": "Attempts that have not ended, listed or not."
      },
      {
        "name": "attempts",
        "type": {
          "type": "array",
          "items": "AttemptReport"
        },
        "doc": "Attempts that have not ended, with their counters."
      },
      {
        "name": "actors",
        "type": {
          "type": "array",
          "items": "ActorDescription"
        },
        "doc": "Its parts, parents first."
      },
      {
        "name": "memory",
        "type": [
          "null",
          "ProcessMemory"
        ],
        "doc": "Of its slot threads; null where nothing is measured.",
        "default": null
      }
    ]
  },
  "TaskManagerHeartbeat": {
    "type": "record",
    "name": "TaskManagerHeartbeat",
    "namespace": "sluice",
    "doc": "A TaskManager lives.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id."
      },
      {
        "name": "cpuLoad",
        "type": "double",
        "doc": "Share of its cores in use, 0 to 1."
      },
      {
        "name": "usedHeapBytes",
        "type": "long",
        "doc": "Heap in use, all threads."
      },
      {
        "name": "attempts",
        "type": {
          "type": "array",
          "items": "AttemptReport"
        },
        "doc": "Counters of the running attempts."
      },
      {
        "name": "metrics",
        "type": {
          "type": "array",
          "items": "TaskMetrics"
        },
        "doc": "Of those among the attempts that run."
      },
      {
        "name": "memory",
        "type": [
          "null",
          "ProcessMemory"
        ],
        "doc": "Of its slot threads; null where nothing is measured.",
        "default": null
      }
    ]
  },
  "TaskManagerLost": {
    "type": "record",
    "name": "TaskManagerLost",
    "namespace": "sluice",
    "doc": "A TaskManager is gone: its slots no longer exist and its live attempts have failed.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What was observed."
      }
    ]
  },
  "TaskManagerRecovered": {
    "type": "record",
    "name": "TaskManagerRecovered",
    "namespace": "sluice",
    "doc": "A suspected TaskManager was heard again in time.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      }
    ]
  },
  "TaskManagerRegistered": {
    "type": "record",
    "name": "TaskManagerRegistered",
    "namespace": "sluice",
    "doc": "A TaskManager process joined the cluster, or came back after it was lost.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id on its host."
      },
      {
        "name": "host",
        "type": "string",
        "doc": "Host that peers reach its data port at."
      },
      {
        "name": "dataPort",
        "type": "int",
        "doc": "TCP port of its data plane."
      },
      {
        "name": "slots",
        "type": "int",
        "doc": "Number of its slots."
      },
      {
        "name": "managedMemoryBytes",
        "type": "long",
        "doc": "Managed memory of the whole TaskManager in bytes, shared equally by its slots."
      },
      {
        "name": "registration",
        "type": "int",
        "doc": "Counts the registrations of this TaskManager process, from 1."
      },
      {
        "name": "strays",
        "type": {
          "type": "array",
          "items": "AttemptId"
        },
        "doc": "Attempts that it said it runs and that the ledger does not count: they are cancelled."
      },
      {
        "name": "requestId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Request of the ResourceManager that started it.",
        "default": null
      }
    ]
  },
  "TaskManagerReleased": {
    "type": "record",
    "name": "TaskManagerReleased",
    "namespace": "sluice",
    "doc": "A TaskManager left in order.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why it left."
      }
    ]
  },
  "TaskManagerReleasing": {
    "type": "record",
    "name": "TaskManagerReleasing",
    "namespace": "sluice",
    "doc": "An idle TaskManager is not needed any more: the driver is asked to stop it.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "TaskManagerRequestExpired": {
    "type": "record",
    "name": "TaskManagerRequestExpired",
    "namespace": "sluice",
    "doc": "A requested TaskManager did not register in time.",
    "fields": [
      {
        "name": "requestId",
        "type": "string",
        "doc": "Id of the request."
      }
    ]
  },
  "TaskManagerRequested": {
    "type": "record",
    "name": "TaskManagerRequested",
    "namespace": "sluice",
    "doc": "Slots are short: the driver is asked for one more TaskManager.",
    "fields": [
      {
        "name": "requestId",
        "type": "string",
        "doc": "Id of the request; the TaskManager registers with it."
      }
    ]
  },
  "TaskManagerRestored": {
    "type": "record",
    "name": "TaskManagerRestored",
    "namespace": "sluice",
    "doc": "A TaskManager of a snapshot, with its slots.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id."
      },
      {
        "name": "pid",
        "type": "int",
        "doc": "Process id on its host."
      },
      {
        "name": "host",
        "type": "string",
        "doc": "Host of its data port."
      },
      {
        "name": "dataPort",
        "type": "int",
        "doc": "TCP port of its data plane."
      },
      {
        "name": "managedMemoryBytes",
        "type": "long",
        "doc": "Managed memory in bytes."
      },
      {
        "name": "registration",
        "type": "int",
        "doc": "The last registration that counted."
      },
      {
        "name": "registeredAt",
        "type": "long",
        "doc": "Unix ms."
      },
      {
        "name": "requestId",
        "type": [
          "null",
          "string"
        ],
        "doc": "Request that it was started for.",
        "default": null
      },
      {
        "name": "status",
        "type": "TaskManagerStatusKind",
        "doc": "Status."
      },
      {
        "name": "lostAt",
        "type": "long",
        "doc": "suspected: when it counts as lost, Unix ms."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "suspected: what was observed."
      },
      {
        "name": "slotBytes",
        "type": {
          "type": "array",
          "items": "long"
        },
        "doc": "Managed memory of each slot in bytes."
      },
      {
        "name": "idleSince",
        "type": [
          "null",
          "long"
        ],
        "doc": "Since when no slot is in use, Unix ms.",
        "default": null
      }
    ]
  },
  "TaskManagerStatusKind": {
    "type": "enum",
    "name": "TaskManagerStatusKind",
    "namespace": "sluice",
    "doc": "Whether a TaskManager is trusted.",
    "symbols": [
      "registered",
      "suspected",
      "releasing"
    ]
  },
  "TaskManagerStopping": {
    "type": "record",
    "name": "TaskManagerStopping",
    "namespace": "sluice",
    "doc": "A TaskManager shuts down in order; its tasks are gone.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "Why."
      }
    ]
  },
  "TaskManagerSuspected": {
    "type": "record",
    "name": "TaskManagerSuspected",
    "namespace": "sluice",
    "doc": "Nothing was heard of a TaskManager for the heartbeat timeout; its tasks are left alone until the fault-transfer delay has passed.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "reason",
        "type": "string",
        "doc": "What was observed."
      },
      {
        "name": "lostAt",
        "type": "long",
        "doc": "When it counts as lost if it stays silent, Unix ms."
      }
    ]
  },
  "TaskMetrics": {
    "type": "record",
    "name": "TaskMetrics",
    "namespace": "sluice",
    "doc": "What is measured of a running attempt: gauges and rates under Flink's names.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      },
      {
        "name": "busyTimeMsPerSecond",
        "type": "int",
        "doc": "Of a second, ms that it ran or waited for its turn; the last second measured."
      },
      {
        "name": "idleTimeMsPerSecond",
        "type": "int",
        "doc": "Of a second, ms that it had nothing to do."
      },
      {
        "name": "backPressuredTimeMsPerSecond",
        "type": "int",
        "doc": "Of a second, ms that it waited for an output to take more."
      },
      {
        "name": "accumulatedBusyTimeMs",
        "type": "long",
        "doc": "Since it is RUNNING."
      },
      {
        "name": "accumulatedIdleTimeMs",
        "type": "long",
        "doc": "Since it is RUNNING."
      },
      {
        "name": "accumulatedBackPressuredTimeMs",
        "type": "long",
        "doc": "Since it is RUNNING."
      },
      {
        "name": "recordsIn",
        "type": "long",
        "doc": "Records read so far."
      },
      {
        "name": "recordsOut",
        "type": "long",
        "doc": "Records written so far."
      },
      {
        "name": "recordsInPerSecond",
        "type": "double",
        "doc": "In the last second measured."
      },
      {
        "name": "recordsOutPerSecond",
        "type": "double",
        "doc": "In the last second measured."
      },
      {
        "name": "bytesIn",
        "type": "long",
        "doc": "Bytes of records that came from other threads and TaskManagers; within a thread records travel as they are."
      },
      {
        "name": "bytesOut",
        "type": "long",
        "doc": "Bytes of records that went to other threads and TaskManagers."
      },
      {
        "name": "bytesInPerSecond",
        "type": "double",
        "doc": "In the last second measured."
      },
      {
        "name": "bytesOutPerSecond",
        "type": "double",
        "doc": "In the last second measured."
      },
      {
        "name": "inPoolUsage",
        "type": "double",
        "doc": "Batches that wait here, as a share of those that its producers may send without being asked; 0 to 1."
      },
      {
        "name": "currentInputWatermark",
        "type": [
          "null",
          "long"
        ],
        "doc": "Event time of all its inputs, ms since 1970; null before any watermark, and for a source.",
        "default": null
      }
    ]
  },
  "TaskRef": {
    "type": "record",
    "name": "TaskRef",
    "namespace": "sluice",
    "doc": "One attempt.",
    "fields": [
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      }
    ]
  },
  "TaskReport": {
    "type": "record",
    "name": "TaskReport",
    "namespace": "sluice",
    "doc": "Attempts changed their state. Repeats are harmless.",
    "fields": [
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "attempts",
        "type": {
          "type": "array",
          "items": "AttemptReport"
        },
        "doc": "The changed attempts, in order."
      }
    ]
  },
  "TaskRunning": {
    "type": "record",
    "name": "TaskRunning",
    "namespace": "sluice",
    "doc": "The attempt processes records.",
    "fields": [
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "vertex",
        "type": "int",
        "doc": "Index of the job vertex in the JobGraph, from 0, in topological order."
      },
      {
        "name": "subtask",
        "type": "int",
        "doc": "Index of the subtask within its vertex, from 0."
      },
      {
        "name": "attempt",
        "type": "int",
        "doc": "Number of the execution attempt of this subtask, from 0."
      }
    ]
  },
  "TriggerCheckpoint": {
    "type": "record",
    "name": "TriggerCheckpoint",
    "namespace": "sluice",
    "doc": "Sources on this TaskManager emit the barrier of a checkpoint.",
    "fields": [
      {
        "name": "epoch",
        "type": "int",
        "doc": "Epoch of the leader that sent this; receivers refuse one lower than the highest they have seen."
      },
      {
        "name": "taskManagerId",
        "type": "string",
        "doc": "TaskManager id, unique to one process start."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "checkpointId",
        "type": "long",
        "doc": "Checkpoint id, counting from 1 within the job."
      },
      {
        "name": "purpose",
        "type": "CheckpointPurpose",
        "doc": "STOP, PAUSE and RESCALE: nothing is processed behind the barrier."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder that a savepoint was asked to go to.",
        "default": null
      },
      {
        "name": "timestamp",
        "type": "long",
        "doc": "When it was triggered, Unix ms."
      },
      {
        "name": "tasks",
        "type": {
          "type": "array",
          "items": "TaskRef"
        },
        "doc": "Source subtasks here."
      },
      {
        "name": "drain",
        "type": "boolean",
        "doc": "STOP: event time goes to its end before the barrier.",
        "default": false
      },
      {
        "name": "unalignedAt",
        "type": [
          "null",
          "long"
        ],
        "doc": "From when on the barrier overtakes records, Unix ms; null: never.",
        "default": null
      }
    ]
  },
  "TriggerSavepoint": {
    "type": "record",
    "name": "TriggerSavepoint",
    "namespace": "sluice",
    "doc": "Takes a savepoint of a running job.",
    "fields": [
      {
        "name": "commandId",
        "type": "string",
        "doc": "Id of the command; a repeated id is the same command."
      },
      {
        "name": "jobId",
        "type": "string",
        "doc": "JobID: 32 lower-case hex digits."
      },
      {
        "name": "targetPath",
        "type": [
          "null",
          "string"
        ],
        "doc": "Folder for it; null for the configured one.",
        "default": null
      }
    ]
  },
  "VertexPlacement": {
    "type": "record",
    "name": "VertexPlacement",
    "namespace": "sluice",
    "doc": "Where the subtasks of one vertex run.",
    "fields": [
      {
        "name": "parallelism",
        "type": "int",
        "doc": "Number of subtasks in force."
      },
      {
        "name": "taskManagers",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "For each subtask, an index into taskManagers of the message."
      },
      {
        "name": "attempts",
        "type": {
          "type": "array",
          "items": "int"
        },
        "doc": "For each subtask, its current attempt."
      }
    ]
  }
};

/** CRC-64-AVRO fingerprint of each message schema, by name. */
export const FINGERPRINTS: Readonly<Record<string, string>> = {
  "ActorEnvelope": "11e988f501f8093b",
  "ArtifactPart": "4292d76e40b553a9",
  "CancelJob": "ce1a7dd2b20ae08e",
  "CancelTasks": "34a4faa581b398b0",
  "CheckpointAbort": "f11c7f9cd62a1357",
  "CheckpointComplete": "0a402135eb1b5426",
  "CheckpointReport": "073a62716cf7a284",
  "Claim": "92bd17509e3ab01c",
  "CommandReply": "97ceb2c0c19dded2",
  "Commit": "56ac69c6f42de594",
  "DeadLetter": "b6e799104384af78",
  "DeployTasks": "4f18325f7eb7fbef",
  "DescribeProcess": "e1e34cce1018247a",
  "JobManagerDescription": "09f80031d82655c5",
  "JobManagerHeartbeat": "18c4cab5d7a9eaf6",
  "JobStatus": "dcd74790c01df73a",
  "PauseJob": "3e114be5891c7f40",
  "RegisterTaskManager": "6eb6b8792ee09a9f",
  "RegistrationAccepted": "294294e3b1790dfe",
  "RegistrationRequired": "10d62bb9ae24afc7",
  "ReleaseJob": "36c9e3b94a744d39",
  "RequestCheckpoint": "4ddee7dfc198ff05",
  "RescaleJob": "9f999a017253daef",
  "ResultBatch": "c8b4585d236ae948",
  "ResumeJob": "17e2c9e98df70aaa",
  "SetDesiredTaskManagers": "f5a2f1af2fa1c26d",
  "StopWithSavepoint": "85278cb7cb2e4a18",
  "SubmitJob": "d9eb9c5de095018f",
  "TaskManagerDescription": "276b078304a26923",
  "TaskManagerHeartbeat": "15c4bc96d3cc256f",
  "TaskManagerStopping": "cd9c05cdc318a10d",
  "TaskReport": "cdc7fb642cc63b34",
  "TriggerCheckpoint": "772f3a2118383aad",
  "TriggerSavepoint": "ca2464cd8f8b808d"
};
