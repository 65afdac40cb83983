import {
  BACKWARDS,
  END,
  START as ENGINE_START,
  eventTypeFilter,
  FORWARDS,
  type KurrentDBClient,
} from '@kurrent/kurrentdb-client';
import { type Position, START, type StoredEvent } from '../kernel/envelope.js';
import { decodeAsFarAsPossible, type Upcast } from './encoding.js';
import { type DecodedEvent, type EngineEvent, fromEngine, type Naming, positionOf } from './kurrentdbEncoding.js';
import { isNoStream, type Trying, untilDecided } from './kurrentdbErrors.js';
import { parseEnginePosition } from './kurrentdbPosition.js';
import type { AllPage, AllRange, StreamRange } from './port.js';

type EngineFilter = Parameters<typeof eventTypeFilter>[0];

export interface KurrentConnection extends Naming {
  readonly client: KurrentDBClient;
  readonly trying: Trying;
  readonly upcast: Upcast;
}

/** Only what the leader says counts: a follower may not have heard yet of what was acknowledged. */
export const FROM_LEADER = { requiresLeader: true } as const;

/** Which events of the whole log are wanted, for the engine to sift: never those of other applications. */
export const filterFor = (
  { prefix }: Naming,
  types: readonly string[] | undefined,
): { prefixes: string[] } | { regex: string } => {
  if (types === undefined) return { prefixes: [prefix] };
  return { regex: `^${escaped(prefix)}(?:${types.map(escaped).join('|')})$` };
};

const escaped = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

/** Everything that reads. Tried again where the engine has not answered: reading twice changes nothing. */
export class KurrentLog {
  constructor(private readonly connection: KurrentConnection) {}

  /** As the port says; with each event, how many were appended with it. */
  async readStream(stream: string, range: StreamRange = {}): Promise<readonly DecodedEvent[]> {
    const { from = 0, to = Number.MAX_SAFE_INTEGER, direction = 'forwards', limit = Number.MAX_SAFE_INTEGER } = range;
    if (limit === 0 || to < from) return [];
    // From the end backwards the engine reads to a number of events; otherwise both ends are known, and forwards will do.
    if (direction === 'backwards' && range.to === undefined) {
      const read = await this.#stream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: limit });
      return read.map(this.#decode).filter(({ event }) => event.revision >= from);
    }
    const span = Math.min(to - from + 1, Number.MAX_SAFE_INTEGER);
    const maxCount = direction === 'forwards' ? Math.min(span, limit) : span;
    const read = await this.#stream(stream, { direction: FORWARDS, fromRevision: BigInt(from), maxCount });
    const decoded = read.map(this.#decode);
    return direction === 'forwards' ? decoded : decoded.reverse().slice(0, limit);
  }

  /**
   * As the port says. Where a filter leaves the page short, its position is that of the last event there was before
   * the log was read to its end: all up to there has been looked at.
   */
  async readAll({ after, types, limit }: AllRange): Promise<AllPage> {
    const page = types?.length === 0 ? nothing(after) : await this.#page(after, types, limit);
    if (types === undefined || !page.whole || page.events.length >= limit) return page;
    const head = await this.head();
    if (head <= page.position) return page;
    const rest =
      types.length === 0 ? nothing(after) : await this.#page(page.position, types, limit - page.events.length);
    const events = [...page.events, ...rest.events];
    const atEnd = rest.whole && events.length < limit && head > rest.position;
    return { events, position: atEnd ? head : rest.position };
  }

  /** Position of the last event of ours; `START` where there is none. */
  async head(): Promise<Position> {
    const options = { direction: BACKWARDS, fromPosition: END, maxCount: 1, ...FROM_LEADER } as const;
    const filter = eventTypeFilter(filterFor(this.connection, undefined) as EngineFilter);
    const [last] = await this.#collect(() => this.connection.client.readAll({ ...options, filter }));
    return last === undefined ? START : positionOf(last);
  }

  decode = (stored: EngineEvent): StoredEvent => this.connection.upcast(fromEngine(stored, this.connection).event);

  async #page(
    after: Position,
    types: readonly string[] | undefined,
    limit: number,
  ): Promise<AllPage & { whole: boolean }> {
    const from = parseEnginePosition(after);
    const filter = eventTypeFilter(filterFor(this.connection, types) as EngineFilter);
    // Reading forwards begins with the event at the position itself, if there is one.
    const maxCount = from === null ? limit : limit + 1;
    const options = { direction: FORWARDS, fromPosition: from ?? ENGINE_START, maxCount, ...FROM_LEADER } as const;
    const read = await this.#collect(() => this.connection.client.readAll({ ...options, filter }));
    const rows = read.filter((stored) => positionOf(stored) > after).slice(0, limit);
    const { events, whole } = decodeAsFarAsPossible(rows, this.decode);
    return { events, position: events.at(-1)?.position ?? after, whole };
  }

  #stream(
    stream: string,
    range: { direction: 'forwards' | 'backwards'; fromRevision: bigint | typeof END; maxCount: number },
  ) {
    const name = this.connection.prefix + stream;
    return this.#collect(() => this.connection.client.readStream(name, { ...range, ...FROM_LEADER }));
  }

  /** Reads to the end of what was asked for: the client has no way to end a reading before. */
  #collect(read: () => AsyncIterable<{ readonly event?: EngineEvent }>): Promise<readonly EngineEvent[]> {
    return untilDecided(this.connection.trying, async () => {
      const events: EngineEvent[] = [];
      try {
        for await (const { event } of read()) if (event !== undefined) events.push(event);
      } catch (error) {
        if (isNoStream(error)) return [];
        throw error;
      }
      return events;
    });
  }

  readonly #decode = (stored: EngineEvent): DecodedEvent => {
    const { event, appended } = fromEngine(stored, this.connection);
    return { event: this.connection.upcast(event), appended };
  };
}

const nothing = (position: Position): AllPage & { whole: boolean } => ({ events: [], position, whole: true });
