import type { Json } from '../../kernel/canonical.js';
import type { Clock } from '../../kernel/clock.js';
import type { Ids } from '../../kernel/ids.js';
import type { StateStore } from '../../statestore/port.js';
import { keptOf, keyOf } from './accountState.js';
import { KnownTokens, readToken, type TokenMac, writeToken } from './sessionTokens.js';

const SPACE = 'sessions';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** For a client that refreshes: an access token is soon worth nothing to who takes it. */
const ACCESS_MS = 15 * MINUTE_MS;
/** For a client that does not: a working day, then it signs in again. */
const LONE_TOKEN_MS = DAY_MS / 2;
/** A session that is not refreshed for so long ends (OWASP ASVS 5, 7.3.1), and any session in the end (7.3.2). */
const IDLE_MS = 7 * DAY_MS;
const SESSION_MS = 30 * DAY_MS;
/** "Last seen" is as exact as this; more would cost a write for each request. */
const SEEN_MS = 5 * MINUTE_MS;
const MAX_TRIES = 4;

/** One sign-in on one device. All times are milliseconds. */
export interface Session {
  readonly account: string;
  readonly id: string;
  readonly beganAt: number;
  readonly seenAt: number;
  /** When its holder last proved who they are. */
  readonly provedAt: number;
}

/** Somebody who acts by a session of theirs. */
export interface InSession {
  readonly account: string;
  readonly session: string;
  readonly correlationId: string;
}

export interface Tokens {
  /** For `Authorization: Bearer …`. */
  readonly token: string;
  readonly expiresAt: number;
  /** Good once, for the next two tokens; `null` where the client does not refresh. */
  readonly refreshToken: string | null;
  readonly account: string;
  readonly session: string;
  /** When the session ends, however often it is refreshed. */
  readonly endsAt: number;
}

interface Entry {
  readonly beganAt: number;
  readonly seenAt: number;
  readonly provedAt: number;
  readonly endsAt: number;
  readonly expiresAt: number;
  /** Number of its live refresh token; 0 where it has none. */
  readonly generation: number;
  /** Of the command that made that one: sent again it answers alike. */
  readonly refreshedBy: string | null;
}

export interface SessionsParts {
  readonly stateStore: StateStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly mac: TokenMac;
}

/**
 * Who is signed in (RFC 6750, RFC 6819 section 5.2.2.3). A session is an entry of the state store under its account; its
 * tokens name it and carry a keyed hash, so that a request costs one look-up, and who reads the store cannot sign in
 * with what is there.
 */
export class Sessions {
  readonly #known: KnownTokens;

  constructor(private readonly parts: SessionsParts) {
    this.#known = new KnownTokens(parts.mac);
  }

  /** A new session. `refreshable`: short access tokens and a refresh token, instead of one token for half a day. */
  async begin(account: string, refreshable = false): Promise<Tokens> {
    const { clock, ids, stateStore } = this.parts;
    const session = ids.next();
    const now = clock.now();
    const endsAt = now + (refreshable ? SESSION_MS : LONE_TOKEN_MS);
    const entry: Entry = {
      beganAt: now,
      seenAt: now,
      provedAt: now,
      endsAt,
      expiresAt: refreshable ? now + IDLE_MS : endsAt,
      generation: refreshable ? 1 : 0,
      refreshedBy: null,
    };
    await stateStore.put(SPACE, keyOf(account, session), asJson(entry), entry.expiresAt);
    return this.#tokens(account, session, entry);
  }

  /** The session that an access token stands for, or `null`. */
  async find(token: string): Promise<Session | null> {
    const { clock, stateStore } = this.parts;
    const body = this.#known.read(token);
    const now = clock.now();
    if (body === null || body.kind !== 'access' || body.number * 1000 <= now) return null;
    const { account, session: id } = body;
    const entry = (await stateStore.get(SPACE, keyOf(account, id))) as Entry | null;
    if (entry === null) return null;
    if (now - entry.seenAt >= SEEN_MS) {
      // Nobody waits for it, and an entry that has changed or gone meanwhile is left as it is.
      this.#change(account, id, entry, { ...entry, seenAt: now }).catch(() => undefined);
    }
    return sessionOf(account, id, entry);
  }

  /**
   * New tokens for a refresh token, which is worth nothing from then on. Sent again under the same `commandId` at once,
   * as after an answer that was lost, it answers alike. Any other use of an earlier one says that two parties have it:
   * the session ends. Answers whose session that was; `null` where there is no such session.
   */
  async refresh(refreshToken: string, commandId: string | null): Promise<Tokens | { reused: string } | null> {
    const { clock, mac, stateStore } = this.parts;
    const body = readToken(refreshToken, mac);
    if (body === null || body.kind !== 'refresh') return null;
    const { account, session, number } = body;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = (await stateStore.get(SPACE, keyOf(account, session))) as Entry | null;
      if (entry === null) return null;
      if (number < entry.generation) {
        const repeated = commandId !== null && commandId === entry.refreshedBy && number === entry.generation - 1;
        if (repeated) return this.#tokens(account, session, entry);
        await this.end(account, session);
        return { reused: account };
      }
      const now = clock.now();
      const expiresAt = Math.min(now + IDLE_MS, entry.endsAt);
      const next = { ...entry, seenAt: now, expiresAt, generation: entry.generation + 1, refreshedBy: commandId };
      if (await this.#change(account, session, entry, next)) return this.#tokens(account, session, next);
    }
    return null;
  }

  /** Notes that the holder of a session has just proved anew who they are. */
  async prove(account: string, session: string): Promise<void> {
    const { clock, stateStore } = this.parts;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = (await stateStore.get(SPACE, keyOf(account, session))) as Entry | null;
      if (entry === null) return;
      if (await this.#change(account, session, entry, { ...entry, provedAt: clock.now() })) return;
    }
  }

  /** Its tokens are worth nothing from here on. */
  end(account: string, session: string): Promise<void> {
    return this.parts.stateStore.remove(SPACE, keyOf(account, session));
  }

  /** Ends every session of an account, but the one that is to stay. Answers which. */
  async endAll(account: string, but?: string): Promise<readonly string[]> {
    const ended = (await this.of(account)).map(({ id }) => id).filter((id) => id !== but);
    for (const id of ended) await this.end(account, id);
    return ended;
  }

  /** The sessions of an account, the oldest first. */
  async of(account: string): Promise<readonly Session[]> {
    const kept = await keptOf(this.parts.stateStore, SPACE, account);
    return kept.map(({ id, value }) => sessionOf(account, id, value as unknown as Entry));
  }

  #change(account: string, session: string, from: Entry, to: Entry): Promise<boolean> {
    const key = keyOf(account, session);
    return this.parts.stateStore.compareAndSet(SPACE, key, asJson(from), asJson(to), to.expiresAt);
  }

  #tokens(account: string, session: string, { generation, endsAt }: Entry): Tokens {
    const { clock, mac } = this.parts;
    const life = generation === 0 ? LONE_TOKEN_MS : ACCESS_MS;
    const seconds = Math.floor(Math.min(clock.now() + life, endsAt) / 1000);
    const token = writeToken({ kind: 'access', account, session, number: seconds }, mac);
    const refreshToken =
      generation === 0 ? null : writeToken({ kind: 'refresh', account, session, number: generation }, mac);
    return { token, expiresAt: seconds * 1000, refreshToken, account, session, endsAt };
  }
}

const asJson = (entry: Entry): Json => entry as unknown as Json;
const sessionOf = (account: string, id: string, { beganAt, seenAt, provedAt }: Entry): Session => ({
  account,
  id,
  beganAt,
  seenAt,
  provedAt,
});
