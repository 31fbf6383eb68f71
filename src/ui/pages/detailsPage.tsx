// The page of one process: the way back to its like, its name, and what it says of itself once that has come; a problem stands above what came last.
import type { ComponentChildren } from 'preact';
import { Awaited } from '../elements/facts.tsx';
import type { Resource } from '../polling.ts';

interface DetailsPageProps<T> {
  readonly id: string;
  readonly all: { readonly href: string; readonly name: string };
  readonly resource: Resource<T>;
  readonly children: (data: T) => ComponentChildren;
}

export function DetailsPage<T>({ id, all, resource: { data, problem }, children }: DetailsPageProps<T>) {
  return (
    <>
      <p class="crumbs">
        <a href={all.href}>{all.name}</a>
      </p>
      <h1>{id}</h1>
      {problem !== null && <p class="problem">{problem}</p>}
      {data === null ? problem === null && <Awaited problem={null} /> : children(data)}
    </>
  );
}
