import { Extensions } from 'type-graphql';

/**
 * Says that a field costs more than 1 against the limit on cost and the rate of whoever asks: for what computes at length,
 * such as hashing a password, which aliases would otherwise do many times in one request.
 */
export const Cost = (cost: number) => Extensions({ cost });
