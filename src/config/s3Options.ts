// The keys of sluice.yaml about S3, by Flink's names, for checkpoints and savepoints at s3: places. They stand in the table of options.ts.
import type { ConfigOption } from './configOption.ts';
import { flag, optionalText } from './values.ts';

export const s3Options = {
  's3.endpoint': {
    schema: optionalText(),
    fallback: '',
    kind: 'text',
    description: 'Where an S3-compatible store answers, such as http://minio:9000. Empty: Amazon’s.',
  },
  's3.endpoint.region': {
    schema: optionalText(),
    fallback: '',
    kind: 'text',
    description: 'Region of the bucket. Empty: as AWS_REGION or the profile says; us-east-1 where s3.endpoint is set.',
  },
  's3.path.style.access': {
    schema: flag(),
    fallback: 'false',
    kind: 'boolean',
    description: 'Name the bucket in the path rather than in the host, as stores other than Amazon’s often want it.',
    aliases: ['s3.path-style-access'],
  },
  's3.access-key': {
    schema: optionalText(),
    fallback: '',
    kind: 'text',
    description:
      'Access key. Empty: as the environment (AWS_ACCESS_KEY_ID), the profile or the role of the machine says, which is the safer way.',
    aliases: ['s3.access.key'],
  },
  's3.secret-key': {
    schema: optionalText(),
    fallback: '',
    kind: 'text',
    description: 'Secret key, with s3.access-key.',
    aliases: ['s3.secret.key'],
  },
} as const satisfies Readonly<Record<string, ConfigOption>>;
