/**
 * What `make` makes of each item, in order. Each is begun before the one before it is handed out, so that its work in other threads goes on while that is
 * being used. Nothing is under way any more once the generator has ended, whichever way.
 */
export async function* oneAhead<T, R>(items: Iterable<T>, make: (item: T) => Promise<R>): AsyncGenerator<R> {
  const rest = items[Symbol.iterator]();
  const begin = (): Promise<R> | null => {
    const { done, value } = rest.next();
    if (done === true) return null;
    const begun = make(value);
    // A failure is told where the result is awaited.
    begun.catch(() => undefined);
    return begun;
  };
  let next = begin();
  try {
    while (next !== null) {
      const made = await next;
      next = begin();
      yield made;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}
