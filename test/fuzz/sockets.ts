import type { GraphQLSchema } from 'graphql';
import { WebSocket } from 'ws';
import { generatedQuery } from '../schema/generatedDocuments.js';
import { disturbed, hostileDocument } from './hostile.js';
import { codesIn, offenceIn } from './offences.js';
import type { Random } from './random.js';
import type { FuzzRole } from './roles.js';
import { type KnownIds, leavesFrom } from './values.js';

/** What a conversation over a WebSocket came to. */
export interface Talk {
  /** Everything that the server sent, and how it ended the connection. */
  readonly heard: string;
  readonly sent: readonly string[];
  readonly what: string | undefined;
  readonly acknowledged: boolean;
}

type Frame = string | Buffer;
const PROTOCOL = 'graphql-transport-ws';
/** The last that a conversation says; the server answers it at once, or has hung up. */
const LAST = JSON.stringify({ type: 'ping', payload: { last: true } });
/** Ways to end a connection that say a fault of the server's own (RFC 6455 section 7.4.1; graphql-ws, `CloseCode`). */
const OWN_FAULTS: ReadonlySet<number> = new Set([1011, 4500, 4004]);
/** So many conversations stay open after their last word: their subscriptions hear what others do meanwhile. */
const KEPT_OPEN = 40;

/** Frames that no client of ours sends. */
const hostileFrames: readonly ((random: Random) => Frame)[] = [
  (random) => Buffer.from(Array.from({ length: 1 + random.below(200) }, () => random.below(256))),
  () => '',
  () => '{',
  () => '[[[[[[[['.repeat(2_000),
  (random) => random.oneOf(['null', '1', '""', '[]', '{}', '{"type":null}', '{"type":"subscribe"}', '{"type":"x"}']),
  () => '{"type":"__proto__","id":"__proto__","payload":{"__proto__":{"x":1}}}',
  () => '{"type":"subscribe","id":"__proto__","payload":{"query":"subscription { events { id } }"}}',
  () => '{"type":"subscribe","id":"","payload":{"query":"subscription { events { id } }"}}',
  () => '{"type":"subscribe","id":"a","payload":{"query":"subscription { events { id } }","variables":"none"}}',
  () => '{"type":"subscribe","id":"b","payload":{"query":null,"operationName":{}}}',
  () => '{"type":"subscribe","id":"c","payload":{"query":"{ currentAccount { id } }"}}',
  () => '{"type":"subscribe","id":"d","payload":{"query":"mutation { signOut }"}}',
  () =>
    '{"type":"subscribe","id":"e","payload":{"query":"subscription A { events { id } } subscription B { events { id } }"}}',
  () => `{"type":"subscribe","id":"${'x'.repeat(10_000)}","payload":{"query":"subscription { events { id } }"}}`,
  () => `{"type":"ping","payload":{"x":"${'x'.repeat(100_000)}"}}`,
  () => '{"type":"pong"}',
  () => '{"type":"complete","id":"nobody"}',
  () => '{"type":"next","id":"0","payload":{"data":null}}',
  () => '{"type":"error","id":"0","payload":[]}',
  () => '{"type":"connection_ack"}',
  () => '{"type":"connection_init"}',
];

/** Has conversations over WebSocket, valid, nearly valid and hostile. */
export class Talks {
  readonly #open: (() => Promise<void>)[] = [];

  constructor(
    private readonly origin: string,
    private readonly schema: GraphQLSchema,
    private readonly random: Random,
    private readonly ids: KnownIds,
  ) {}

  /** Begins one; it is judged once it has ended, which is when enough others have begun. */
  async begin(role: FuzzRole, judged: (talk: Talk) => void): Promise<void> {
    const frames = this.#framesOf(role);
    const { random } = this;
    const protocol = random.chance(95) ? PROTOCOL : random.oneOf(['graphql-ws', 'x', undefined]);
    const socket = new WebSocket(`${this.origin.replace('http', 'ws')}/graphql`, protocol);
    const began = performance.now();
    const unseen = new Set(role.unseen());
    let heard = '';
    let code = 0;
    socket.on('message', (data) => {
      heard += `${data}\n`;
    });
    const closed = new Promise<void>((resolve) => {
      socket.once('close', (how, reason) => {
        code = how;
        heard += `${reason}`;
        resolve();
      });
    });
    const lastWord = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        if (`${data}`.includes('"last":true')) resolve();
      });
    });
    socket.on('error', () => undefined); // a handshake that was refused; it closes as well
    const [first, ...rest] = [...frames, LAST];
    const say = (words: readonly Frame[]) => {
      for (const word of words) if (socket.readyState === WebSocket.OPEN) socket.send(word);
    };
    // most wait to be let in before they go on
    if (random.chance(95)) socket.once('message', () => say(rest));
    else socket.once('open', () => queueMicrotask(() => say(rest)));
    socket.once('open', () => say([first!]));
    await Promise.race([lastWord, closed]);
    const tookMs = performance.now() - began;
    this.#open.push(async () => {
      socket.close();
      await closed;
      for (const mark of role.unseen()) unseen.add(mark);
      const fault = OWN_FAULTS.has(code) ? `hung up with ${code}` : undefined;
      const what = fault ?? offenceIn({ status: 0, text: heard, tookMs }, [...unseen]);
      judged({ heard, what, sent: frames.map(String), acknowledged: heard.includes('"connection_ack"') });
      await role.answered(codesIn(heard));
    });
    if (this.#open.length > KEPT_OPEN) await this.#open.shift()!();
  }

  /** Ends those that are open. */
  async end(): Promise<void> {
    for (const ending of this.#open.splice(0)) await ending();
  }

  #framesOf(role: FuzzRole): Frame[] {
    const { random } = this;
    const said = Array.from({ length: 1 + random.below(3) }, (_, number) => this.#frame(number));
    if (random.chance(5)) return said;
    return [JSON.stringify({ type: 'connection_init', payload: role.headers() }), ...said];
  }

  #frame(number: number): Frame {
    const { random } = this;
    const kind = random.below(10);
    if (kind >= 9) return random.oneOf(hostileFrames)(random);
    const id = random.chance(95) ? `${number}` : '0';
    if (kind === 8) return JSON.stringify({ type: 'subscribe', id, payload: { query: hostileDocument(random) } });
    const leaf = leavesFrom(random, this.ids);
    const levels = random.oneOf([1, 2, 3]);
    const wanted = { operation: 'subscription', leaf, complete: true, levels } as const;
    const { source, variables } = generatedQuery(this.schema, random.pick, wanted);
    const query =
      kind >= 6
        ? disturbed(source, random)
        : kind >= 2
          ? source
          : 'subscription { events { id type fields { name value } } }';
    const text = JSON.stringify({ type: 'subscribe', id, payload: { query, variables } });
    return random.chance(3) ? disturbed(text, random) : text;
  }
}
