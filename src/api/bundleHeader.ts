// The first line of a job bundle (after `#!`): a comment that carries what the client knows and the module itself cannot say.
// It is part of the bundle, so it is content-addressed with it and is the same at the client and in every slot.
import { JobModuleError } from './jobModuleError.ts';

const MARK = '// sluice-job ';
const VERSION = 1;

export interface BundleHeader {
  /** File name of the job, for people. */
  readonly name: string;
  /** Absolute folder that relative paths in the job stand for: the client's working folder. */
  readonly baseDir: string;
}

/** One line, without its end. */
export function formatBundleHeader(header: BundleHeader): string {
  return MARK + JSON.stringify({ version: VERSION, name: header.name, baseDir: header.baseDir });
}

/** Reads the header from the beginning of a bundle. */
export function parseBundleHeader(start: string, bundlePath: string): BundleHeader {
  // The bundler leaves the job's `#!` line where it must be.
  const [line = ''] = start.replace(/^#!.*\n/, '').split('\n', 1);
  if (line.startsWith(MARK)) {
    const header = JSON.parse(line.slice(MARK.length)) as BundleHeader & { readonly version: number };
    if (header.version === VERSION) return header;
    throw new JobModuleError(
      'DOES_NOT_COMPILE',
      `The job bundle ${bundlePath} has format ${header.version} and this process reads ${VERSION}. Submit the job again with the cluster's version of the client.`,
    );
  }
  throw new JobModuleError(
    'DOES_NOT_COMPILE',
    `${bundlePath} is no job bundle. Submit the job's source file with: sluice run FILE.`,
  );
}
