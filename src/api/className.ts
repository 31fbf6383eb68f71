// The name of a value's class, as its author wrote it: bundlers rename classes that refer to themselves, or that meet others of their name.

/** 'object' where there is none. */
export function classNameOf(value: object): string {
  const name = value.constructor?.name ?? '';
  return /^_*(.*?)\d*$/.exec(name)![1] || 'object';
}
