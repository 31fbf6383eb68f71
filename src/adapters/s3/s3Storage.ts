// CheckpointStorage in a bucket of S3, or of a store that speaks its protocol. A folder is a prefix of keys; an object appears whole or not at all,
// and whoever reads after that sees it. Checkpoints lie below the configured place, savepoints wherever their s3: URI says.
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type CheckpointStorage, CheckpointStorageError } from '../../ports/checkpointStorage.ts';
import { checkName, handleOf, isWithin, parseHandle, verify } from '../stateHandle.ts';

/** Objects that one request may delete; the protocol's limit. */
const MAX_DELETES = 1_000;
const CONNECTION_TIMEOUT_MS = 5_000;
/** Without a byte coming or going. */
const REQUEST_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 4;
/** Where a store has an endpoint of its own, its region seldom matters, but requests are signed for one. */
const DEFAULT_REGION = 'us-east-1';

export interface S3Options {
  /** Where checkpoints lie, `s3://bucket/prefix`; null: nowhere here, only places that are named. */
  readonly root: string | null;
  /** Null: Amazon's. */
  readonly endpoint: string | null;
  /** Null: as the environment says. */
  readonly region: string | null;
  /** The bucket in the path rather than in the host's name. */
  readonly pathStyle: boolean;
  /** Null: as the environment, the profile or the machine's role says. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
}

interface Place {
  readonly Bucket: string;
  /** Of all that is in the folder: ends in a slash. */
  readonly prefix: string;
}

export class S3Storage implements CheckpointStorage {
  readonly #root: string | null;
  readonly #client: S3Client;

  constructor({ root, endpoint, region, pathStyle, credentials }: S3Options) {
    this.#root = root;
    const where = region ?? (endpoint === null ? null : DEFAULT_REGION);
    this.#client = new S3Client({
      ...(endpoint === null ? {} : { endpoint }),
      ...(where === null ? {} : { region: where }),
      ...(credentials === null ? {} : { credentials }),
      forcePathStyle: pathStyle,
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      // State has checksums of its own, and not every store knows the newer ones of the protocol.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    checkName(name);
    const { Bucket, prefix } = this.#place(folder);
    // Before the bytes leave: sending may take the buffer over.
    const handle = handleOf(folder, name, bytes);
    try {
      await this.#client.send(new PutObjectCommand({ Bucket, Key: `${prefix}${name}`, Body: bytes }));
    } catch (error) {
      throw failed(`State cannot be stored in s3://${Bucket}/${prefix}${name}`, error);
    }
    return handle;
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    const { folder, name, range, checksum } = parseHandle(handle);
    const { Bucket, prefix } = this.#place(folder);
    const object = { Bucket, Key: `${prefix}${name}` };
    let bytes = new Uint8Array(0);
    try {
      if (range?.length === 0) await this.#client.send(new HeadObjectCommand(object));
      else {
        const part = range === null ? {} : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
        const { Body } = await this.#client.send(new GetObjectCommand({ ...object, ...part }));
        // A copy: it may come in a buffer that is larger.
        if (Body !== undefined) bytes = new Uint8Array(await Body.transformToByteArray());
      }
    } catch (error) {
      const { name: code } = error as Error;
      // Of a range that begins behind its end an object holds nothing: the checksum tells.
      if (code !== 'InvalidRange') {
        const gone = code === 'NoSuchKey' || code === 'NotFound';
        throw failed(
          `The state ${handle} cannot be read from s3://${Bucket}/${prefix}`,
          error,
          gone ? 'STATE_NOT_FOUND' : 'STORAGE_FAILED',
        );
      }
    }
    verify(handle, checksum, bytes, `s3://${Bucket}/${prefix}`);
    return bytes;
  }

  async list(folder: string): Promise<string[]> {
    const place = this.#place(folder);
    const names: string[] = [];
    for await (const keys of this.#keys(place, '/')) names.push(...keys.map((key) => key.slice(place.prefix.length)));
    return names.filter((name) => name !== '');
  }

  async remove(folder: string, names?: readonly string[]): Promise<void> {
    const place = this.#place(folder);
    if (names === undefined) {
      for await (const keys of this.#keys(place)) await this.#delete(place, keys);
      return;
    }
    for (const name of names) checkName(name);
    await this.#delete(
      place,
      names.map((name) => `${place.prefix}${name}`),
    );
  }

  /** Page by page. */
  async *#keys({ Bucket, prefix: Prefix }: Place, Delimiter?: string): AsyncIterable<string[]> {
    for (let ContinuationToken: string | undefined; ; ) {
      let page: ListObjectsV2CommandOutput;
      try {
        page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix,
            ...(Delimiter === undefined ? {} : { Delimiter }),
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        );
      } catch (error) {
        throw failed(`The folder s3://${Bucket}/${Prefix} cannot be read`, error);
      }
      const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? []);
      if (keys.length > 0) yield keys;
      ContinuationToken = page.NextContinuationToken;
      if (ContinuationToken === undefined) return;
    }
  }

  async #delete({ Bucket, prefix }: Place, keys: readonly string[]): Promise<void> {
    const what = `What is stored in s3://${Bucket}/${prefix} cannot be deleted`;
    for (let at = 0; at < keys.length; at += MAX_DELETES) {
      const Objects = keys.slice(at, at + MAX_DELETES).map((Key) => ({ Key }));
      let refused: { Key?: string | undefined; Message?: string | undefined } | undefined;
      try {
        const { Errors } = await this.#client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        );
        refused = Errors?.[0];
      } catch (error) {
        throw failed(what, error);
      }
      if (refused !== undefined) throw failed(what, new Error(`${refused.Key}: ${refused.Message}`));
    }
  }

  #place(folder: string): Place {
    const named = isWithin(folder) && this.#root !== null ? `${this.#root.replace(/\/+$/, '')}/${folder}` : folder;
    const [, Bucket, key] = /^s3a?:\/\/([a-z0-9][a-z0-9.-]{1,62})\/+(.*[^/])\/*$/.exec(named) ?? [];
    if (Bucket === undefined || key === undefined)
      throw new CheckpointStorageError(
        'STATE_NOT_FOUND',
        `'${folder}' is no folder for state in S3: name it as s3://bucket/path.`,
      );
    return { Bucket, prefix: `${key}/` };
  }
}

function failed(
  what: string,
  error: unknown,
  code: 'STATE_NOT_FOUND' | 'STORAGE_FAILED' = 'STORAGE_FAILED',
): CheckpointStorageError {
  const { name, message } = error as Error;
  return new CheckpointStorageError(
    code,
    `${what}: ${name}: ${message}. Look at the bucket, and at s3.endpoint and the access key.`,
    { cause: error },
  );
}
