// What `import … from 'sluice/files'` gives: part files that appear exactly as the checkpoints behind them complete.
export { byDay, byHour } from './buckets.ts';
export { FileSink, FileSinkError, type FileSinkErrorCode, type FileSinkOptions } from './fileSink.ts';
