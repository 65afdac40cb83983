import { connect, type Socket } from 'node:net';

/*
 * Many connections that keep several requests under way each, one behind the other (RFC 9112 section 9.3.2), and send the
 * next as soon as one is answered, whatever the answer: no client of ours is so impatient.
 */

export interface Crowd {
  readonly url: string;
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly ahead: number;
  /** At least so long, and until what was answered is enough, or it has been too long. */
  readonly durationMs: number;
  readonly enough: () => boolean;
  readonly atMostMs: number;
  /** The next to be sent. */
  readonly next: () => Sent;
}

export interface Sent {
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  /** Told the answer once it is there. */
  readonly answered: (answer: Heard) => void;
}

export interface Heard {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** How often it is looked whether it is over. */
const LOOK_MS = 50;

/** Has the crowd ask; resolves with requests still under way, and with how many connections the server has cut. */
export const ask = async (crowd: Crowd): Promise<{ readonly cut: number; readonly hangUp: () => void }> => {
  const sockets = await Promise.all(Array.from({ length: crowd.connections }, () => opened(crowd.url)));
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const began = performance.now();
  const isOver = () => {
    const ms = performance.now() - began;
    return ms >= crowd.atMostMs || (ms >= crowd.durationMs && crowd.enough());
  };
  const over = new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (!isOver()) return;
      clearInterval(look);
      resolve();
    }, LOOK_MS);
  });
  for (const socket of sockets) drive(socket, crowd);
  await over;
  const cut = sockets.filter(({ readable }) => !readable).length;
  for (const socket of sockets) socket.removeAllListeners('data');
  return { cut, hangUp };
};

const drive = (socket: Socket, { url, ahead, next }: Crowd): void => {
  const { host, pathname } = new URL(url);
  const underWay: Sent[] = [];
  let received: Buffer = Buffer.alloc(0);
  const send = () => {
    const sent = next();
    const headers = Object.entries({ host, 'content-type': 'application/json', ...sent.headers });
    const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const length = Buffer.byteLength(sent.body);
    underWay.push(sent);
    socket.write(`POST ${pathname} HTTP/1.1\r\n${head}content-length: ${length}\r\n\r\n${sent.body}`);
  };
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (let found = firstIn(received); found !== undefined; found = firstIn(received)) {
      received = received.subarray(found.length);
      underWay.shift()!.answered(found);
      send();
    }
  });
  socket.on('error', () => undefined); // of one that was cut, which is counted
  for (let n = 0; n < ahead; n += 1) send();
};

/** The first answer, once all of it is there. Every answer of the server says its length. */
const firstIn = (received: Buffer): (Heard & { readonly length: number }) | undefined => {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.toString('latin1', 0, end);
  const size = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (size === undefined) throw new Error(`An answer without its length: ${head}`);
  const from = end + 4;
  const length = from + Number(size);
  if (received.length < length) return undefined;
  const retryAfter = /\r\nretry-after: (\d+)/i.exec(head)?.[1];
  return { status: Number(head.slice(9, 12)), retryAfter, body: received.toString('utf8', from, length), length };
};

const opened = (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
};
