/** Where time comes from. Injected, so that a test can set it and a replay repeats it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** UTC with milliseconds, the one form in which times are stored: `2026-11-24T05:31:00.000Z`. */
export const instant = (ms: number): string => new Date(ms).toISOString();
