// The package's entry: what a job's author imports.
import { runMainBeforeExit } from './api/localMain.ts';

export * from './api/publicApi.ts';

runMainBeforeExit();
