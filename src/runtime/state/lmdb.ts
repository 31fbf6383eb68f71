// What is loaded when a job first keeps state in LMDB.
export { LmdbBackend } from './lmdbBackend.ts';
export { LmdbEnvironment } from './lmdbEnvironment.ts';
