#!/usr/bin/env node
// The command line's entry. It loads as little as each command needs: `--version` nothing, the cluster's own processes no parser of
// commands, everything else the parser, which loads the one command that is asked for.
import fs from 'node:fs';
import path from 'node:path';
import { packageRoot } from './packageRoot.ts';

function version(): string {
  return (JSON.parse(fs.readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}

const args = process.argv.slice(2);
switch (args[0]) {
  case '--version':
  case '-V':
    console.log(version());
    break;
  case '_jobmanager':
    await (await import('./cli/jobManagerProcess.ts')).runJobManagerProcess(args.slice(1));
    break;
  case '_taskmanager':
    await (await import('./cli/taskManagerProcess.ts')).runTaskManagerProcess(args.slice(1));
    break;
  default:
    process.exitCode = await (await import('./cli/program.ts')).runProgram(args, version());
}
