// A slot thread's checkpoint storage: asks the main thread, which has the real one. Bytes are transferred, not copied.
import { randomUUID } from 'node:crypto';
import type { TransferListItem } from 'node:worker_threads';
import { CheckpointStorageError, type StateStorage } from '../../ports/checkpointStorage.ts';
import type { MemoryPool } from '../../runtime/memory/memoryPool.ts';
import type { FromSlotThread, StorageAnswer, StorageRequest } from './protocol.ts';

export class RemoteStorage implements StateStorage {
  readonly #post: (message: FromSlotThread, transfer: TransferListItem[]) => void;
  /** By request. Bounded by the tasks of the thread and their checkpoints under way. */
  readonly #waiting = new Map<string, { readonly resolve: (answer: StorageAnswer) => void }>();
  /** A thread that takes this one's place must not get its answers. */
  readonly #session = randomUUID();
  readonly #pool: MemoryPool;
  #next = 0;

  /** `pool`: what may be on its way at a time; the rest waits its turn. */
  constructor(post: (message: FromSlotThread, transfer: TransferListItem[]) => void, pool: MemoryPool) {
    this.#post = post;
    this.#pool = pool;
  }

  /** Takes the bytes over where they have a buffer of their own. */
  async write(folder: string, name: string, bytes: Uint8Array): Promise<string> {
    const room = await this.#pool.wait(folder, bytes.length);
    try {
      const own = ownBuffer(bytes);
      const answer = await this.#ask({ kind: 'write', folder, name, bytes: own }, [own.buffer]);
      if (answer.kind === 'written') return answer.handle;
      throw failed(answer);
    } finally {
      room.release();
    }
  }

  async read(handle: string): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.#ask({ kind: 'read', handle }, []);
    if (answer.kind === 'read') return answer.bytes;
    throw failed(answer);
  }

  answered(id: string, answer: StorageAnswer): void {
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
  }

  #ask(request: StorageRequest, transfer: TransferListItem[]): Promise<StorageAnswer> {
    return new Promise((resolve) => {
      const id = `${this.#session}/${this.#next++}`;
      this.#waiting.set(id, { resolve });
      this.#post({ type: 'storage', id, request }, transfer);
    });
  }
}

/** The main thread's side. Never rejects. */
export async function answerFrom(storage: StateStorage, request: StorageRequest): Promise<StorageAnswer> {
  try {
    switch (request.kind) {
      case 'write': {
        const { folder, name, bytes } = request;
        return { kind: 'written', handle: await storage.write(folder, name, bytes) };
      }
      case 'read':
        return { kind: 'read', bytes: await storage.read(request.handle) };
      default:
        return request satisfies never;
    }
  } catch (error) {
    const code = error instanceof CheckpointStorageError ? error.code : 'STORAGE_FAILED';
    return { kind: 'failed', code, message: (error as Error).message };
  }
}

function failed(answer: StorageAnswer): CheckpointStorageError {
  if (answer.kind === 'failed') return new CheckpointStorageError(answer.code, answer.message);
  return new CheckpointStorageError('STORAGE_FAILED', `Unexpected answer ${answer.kind}`);
}

function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? new Uint8Array(buffer)
    : bytes.slice();
}
