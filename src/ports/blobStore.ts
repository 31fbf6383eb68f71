// The BlobStore port: job bundles by the hash of their content.

export interface BlobStore {
  /** Stores bytes under their sha256 (hex), which it returns. Storing the same bytes again is free. */
  put(name: string, bytes: Uint8Array): Promise<string>;
  /** Path of a local file holding the blob, fetched and verified on first use. Rejects with BlobNotFound after the bounded wait. */
  fetch(sha256: string): Promise<string>;
}

/** No blob with that hash came within the wait. */
export class BlobNotFound extends Error {
  override readonly name = 'BlobNotFound';
  readonly code = 'BLOB_NOT_FOUND';
}
