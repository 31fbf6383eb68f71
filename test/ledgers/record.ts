// Records the story as test/ledgers/<name>.ledger and <name>.json: `npx tsx test/ledgers/record.ts v1`. A recorded ledger of a version
// that was released is never recorded again: it stands for the ledgers that are out there. Before 1.0 v1 follows the schemas.
import fs from 'node:fs';
import path from 'node:path';
import { writeFrames } from './frames.ts';
import { STORY, untold } from './story.ts';

const name = process.argv[2];
if (name === undefined) throw new Error('Name the ledger to record: npx tsx test/ledgers/record.ts v1');
if (untold().length > 0)
  throw new Error(`The story in test/ledgers/story.ts does not tell of ${untold().join(', ')}: add them.`);
fs.writeFileSync(path.join(import.meta.dirname, `${name}.ledger`), writeFrames(STORY));
fs.writeFileSync(path.join(import.meta.dirname, `${name}.json`), `${JSON.stringify(STORY, null, 1)}\n`);
