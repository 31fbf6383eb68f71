// Which files make up the state of an incremental backend at each of its checkpoints, and so which of them the next checkpoint may stand on. A checkpoint's
// chain is a link that has everything, and links with what has changed since the one before. By the rules of the port CheckpointStorage only
// files may be referred to again that the newest checkpoint known to be complete refers to, and every one taken since: one of those may be
// complete without this side knowing yet, and then what it leaves out is deleted. What was written for a checkpoint that was aborted is
// never referred to again.

/** Links of a chain, after which everything is written again. */
const MAX_LINKS = 64;
/** Bytes of a chain's changes, as a share of the link that has everything, after which everything is written again. */
const MAX_CHANGES_SHARE = 1;

export interface ChainFile {
  readonly handle: string;
  readonly bytes: number;
}

/** What was written for one checkpoint, as a rule one file. */
export interface Link {
  readonly checkpointId: number;
  readonly files: readonly ChainFile[];
}

export class SegmentChain {
  /** The newest that is known to be complete. */
  #complete: number | null = null;
  /** By checkpoint: the links it refers to. That one, and those taken since that may complete. */
  readonly #chains = new Map<number, readonly Link[]>();

  /** What a checkpoint that is taken now may stand on, oldest first; none: it has to have everything. */
  base(): readonly Link[] {
    if (this.#complete === null) return [];
    let base = this.#chains.get(this.#complete) ?? [];
    for (const chain of this.#chains.values()) base = commonOf(base, chain);
    return isOutgrown(base) ? [] : base;
  }

  /** A checkpoint is being taken that refers to the links. */
  taken(checkpointId: number, links: readonly Link[]): void {
    this.#chains.set(checkpointId, links);
  }

  /** It refers to this link, too, which was written for it. */
  stored(link: Link): Link {
    const links = this.#chains.get(link.checkpointId);
    if (links !== undefined) this.#chains.set(link.checkpointId, [...links, link]);
    return link;
  }

  /** Others than those taken here, and older ones than one that is known, say nothing. */
  completed(checkpointId: number): void {
    if (!this.#chains.has(checkpointId) || checkpointId <= (this.#complete ?? 0)) return;
    this.#complete = checkpointId;
    for (const id of [...this.#chains.keys()]) if (id < checkpointId) this.#chains.delete(id);
  }

  /** It will not complete. */
  aborted(checkpointId: number): void {
    if (checkpointId !== this.#complete) this.#chains.delete(checkpointId);
  }

  /** What is held now is what a complete checkpoint of the same job and subtask refers to. */
  restored(checkpointId: number, links: readonly Link[]): void {
    this.#chains.clear();
    this.#chains.set(checkpointId, links);
    this.#complete = checkpointId;
  }

  /** Changes since before this checkpoint are of no use any more; null: all may be. */
  get oldestBase(): number | null {
    if (this.#complete === null) return null;
    let base = this.#chains.get(this.#complete) ?? [];
    for (const chain of this.#chains.values()) base = commonOf(base, chain);
    const last = base.at(-1)?.checkpointId ?? this.#complete;
    // One of those taken since may be aborted, and then the complete one's own is stood on.
    return Math.min(last, this.#chains.get(this.#complete)?.at(-1)?.checkpointId ?? this.#complete);
  }
}

function commonOf(left: readonly Link[], right: readonly Link[]): readonly Link[] {
  let length = 0;
  while (length < left.length && left[length]?.checkpointId === right[length]?.checkpointId) length++;
  return left.slice(0, length);
}

function isOutgrown(links: readonly Link[]): boolean {
  if (links.length >= MAX_LINKS) return true;
  const [whole = 0, ...changes] = links.map(({ files }) => files.reduce((sum, { bytes }) => sum + bytes, 0));
  return changes.reduce((sum, bytes) => sum + bytes, 0) > whole * MAX_CHANGES_SHARE;
}
