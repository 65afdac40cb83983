import { type Position, START } from '../kernel/envelope.js';

/** Where KurrentDB says an event stands in `$all`: two unsigned 64-bit numbers, the first of which decides. */
export interface EnginePosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

const HEX_DIGITS = 16;
const POSITION = /^[0-9a-f]{32}$/;

const hex = (part: bigint): string => part.toString(16).padStart(HEX_DIGITS, '0');

/** Both numbers as hexadecimal of fixed width, so that positions compare as strings as the engine compares them. */
export const formatEnginePosition = ({ commit, prepare }: EnginePosition): Position => hex(commit) + hex(prepare);

/** `null` for the start. Throws TypeError for a position that this adapter did not give out. */
export const parseEnginePosition = (position: Position): EnginePosition | null => {
  if (position === START) return null;
  if (!POSITION.test(position)) throw new TypeError('The position was not given out by this store.');
  return {
    commit: BigInt(`0x${position.slice(0, HEX_DIGITS)}`),
    prepare: BigInt(`0x${position.slice(HEX_DIGITS)}`),
  };
};
