import { type Line, median, percentile, rounded } from './table.js';

/** Standard errors by which two medians may differ before they are told apart: one in some 370 tries would by chance. */
const SURE = 3;
/** Of a normal distribution: its standard deviation by its quartiles, and the standard error of its median by that. */
const DEVIATIONS_BETWEEN_QUARTILES = 1.349;
const OF_A_MEDIAN = Math.sqrt(Math.PI / 2);

/** By how much the median of so many values may be off. */
const errorOf = (values: readonly number[]): number => {
  const deviation = (percentile(values, 75) - percentile(values, 25)) / DEVIATIONS_BETWEEN_QUARTILES;
  return (OF_A_MEDIAN * deviation) / Math.sqrt(values.length);
};

/** Whether two kinds of requests, sent in turns, can be told apart by how long they take (milliseconds): the bound is the noise. */
export const apart = (measured: string, ours: readonly number[], against: readonly number[], note: string): Line => {
  const [a, b] = [median(ours), median(against)];
  const noise = (SURE * Math.hypot(errorOf(ours), errorOf(against))) / Math.min(a, b);
  return {
    measured,
    figures: { ours: `${rounded(a)} ms`, against: `${rounded(b)} ms`, ratio: Math.max(a, b) / Math.min(a, b) },
    required: { atMost: Number((1 + noise).toPrecision(4)) },
    note: `${note}; the bound is the noise, ${SURE} standard errors of the difference of two medians of ${ours.length} and ${against.length}`,
  };
};
