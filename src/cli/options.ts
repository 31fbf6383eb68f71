// Options that several commands share, as commander hands them over.

/** `--dir`, on every command. */
export interface DirOption {
  readonly dir: string;
}

/** `-D key=value`, collected. */
export interface OverridesOption {
  readonly define: readonly string[];
}
