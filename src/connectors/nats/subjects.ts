// Subjects and their wildcards, as NATS defines them: tokens between dots, `*` for any one token, `>` for one or more at the end.

/** Whether some subject matches both. */
export function overlap(left: string, right: string): boolean {
  const [a, b] = [left.split('.'), right.split('.')];
  for (let i = 0; ; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>' || y === '>') return true;
    if (x !== '*' && y !== '*' && x !== y) return false;
  }
}

/** Whether all that `inner` matches is matched by `outer`, too. Either may be a plain subject. */
export function covers(outer: string, inner: string): boolean {
  const [a, b] = [outer.split('.'), inner.split('.')];
  for (let i = 0; ; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return x === y;
    if (x === '>') return true;
    if (y === '>') return false;
    if (x !== '*' && x !== y) return false;
  }
}

/** Whether it is well formed; wildcards only where they may be. */
export function isSubject(subject: unknown, wildcards: boolean): subject is string {
  if (typeof subject !== 'string' || subject === '' || /[\s\0]/.test(subject)) return false;
  const tokens = subject.split('.');
  return tokens.every((token, index) => {
    if (token === '') return false;
    if (token === '*') return wildcards;
    if (token === '>') return wildcards && index === tokens.length - 1;
    return wildcards || !/[*>]/.test(token);
  });
}
