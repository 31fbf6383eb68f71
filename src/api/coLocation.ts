// Co-location groups of a job: which chain belongs to which, since a chain runs in one slot and so can be in one group only, and whether the
// chains of one group can share slots at all.
import { ApiError } from './apiError.ts';
import type { Operator } from './jobGraph.ts';
import type { StreamNode } from './streamGraph.ts';

/** Built up as chains are; a chain is named by its first operator. */
export class CoLocation {
  readonly #groups = new Map<Operator, string>();

  /** Whether the operator can be chained there; one without a group can be anywhere. */
  mayJoin(chain: Operator, { coLocationGroup }: StreamNode): boolean {
    const group = this.#groups.get(chain);
    return coLocationGroup === null || group === undefined || group === coLocationGroup;
  }

  join(chain: Operator, { coLocationGroup }: StreamNode): void {
    if (coLocationGroup !== null) this.#groups.set(chain, coLocationGroup);
  }

  groupOf(chain: Operator): string | null {
    return this.#groups.get(chain) ?? null;
  }

  /** Throws where subtask i of one has no counterpart in another, or may not share its slot. */
  check(): void {
    const first = new Map<string, Operator>();
    for (const [chain, group] of this.#groups) {
      const other = first.get(group) ?? chain;
      first.set(group, other);
      if (other.node.parallelism === chain.node.parallelism && other.slotSharingGroup === chain.slotSharingGroup)
        continue;
      throw new ApiError(
        'INVALID_CO_LOCATION',
        `'${other.node.name}' and '${chain.node.name}' are in the co-location group '${group}' and cannot share slots: one has parallelism ${other.node.parallelism} and the slot sharing group '${other.slotSharingGroup}', the other ${chain.node.parallelism} and '${chain.slotSharingGroup}'. Give them the same.`,
      );
    }
  }
}
