// What an answer that is none says, for people.

/** A JobManager that takes longer is taken for one that does not answer. */
export const REQUEST_TIMEOUT_MS = 5_000;

/** The sentence of Flink's `{"errors": […]}`, or whatever a proxy said instead. */
export function problemOf({ status, statusText }: Response, body: string): string {
  try {
    const { errors } = JSON.parse(body) as { readonly errors?: readonly string[] };
    if (typeof errors?.[0] === 'string') return errors[0];
  } catch {
    // Not ours.
  }
  return `The answer was ${status} ${statusText}`.trim();
}
