/**
 * Merges sorted sequences into one, lazily: each is read only as far as the reader of the result goes. What compares
 * equal in several of them comes once.
 */
export function* mergeSorted<T>(sequences: Iterable<Iterable<T>>, compare: (a: T, b: T) => number): Generator<T> {
  const heads: { value: T; rest: Iterator<T> }[] = [];
  for (const sequence of sequences) {
    const rest = sequence[Symbol.iterator]();
    const first = rest.next();
    if (!first.done) heads.push({ value: first.value, rest });
  }
  // The least last, so that it is taken off the end.
  heads.sort((a, b) => compare(b.value, a.value));
  let previous: { value: T } | undefined;
  for (let head = heads.pop(); head; head = heads.pop()) {
    if (!previous || compare(previous.value, head.value) !== 0) yield head.value;
    previous = { value: head.value };
    const next = head.rest.next();
    if (next.done) continue;
    head.value = next.value;
    heads.splice(placeFor(heads, head.value, compare), 0, head);
  }
}

const placeFor = <T>(heads: readonly { value: T }[], value: T, compare: (a: T, b: T) => number): number => {
  let low = 0;
  let high = heads.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(heads[middle]!.value, value) > 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
