// The order of test files. The longest that keep a core busy come first, so that none of them is left over at the end; then whatever runs in
// its own process; last those that start clusters of processes, which mostly wait: two of them at a time find the cores free.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A file's place is that of the first pattern that its path matches; within one place vitest's own order holds: failed, long, large first. */
const ORDER = [/\/test\/simulation\//, /\/test\/(?!(e2e|ui)\/)/, /\/test\/e2e\/(faults|chaos)/];

export default class TestOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placed = (await super.sort(files)).map((file) => {
      const place = ORDER.findIndex((pattern) => pattern.test(file.moduleId));
      return { file, place: place === -1 ? ORDER.length : place };
    });
    return placed.sort((a, b) => a.place - b.place).map(({ file }) => file);
  }
}
