// The log of a cluster's process: JSON lines by pino. Written synchronously, so that the last line before a crash is there.
import pino from 'pino';

export function openLogFile(file: string, level: string, id: string): pino.Logger {
  return pino(
    { level, base: { id, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: file, sync: true, mkdir: true }),
  );
}
