// How processes tell each other what they are doing: each has an actor that answers DescribeProcess, at a path that all know.

export const JOB_MANAGER_DESCRIPTION = 'jobmanager/description';
export const TASK_MANAGER_DESCRIPTION = 'taskmanager/description';
