import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The line from a server to an engine, which a test can cut, slow down, or have lose what comes back. */
export interface Link {
  /** The URL of the engine by way of this line. */
  readonly url: string;
  /** Breaks what is connected, and lets nobody connect until it is mended: to those who use it the engine is down. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Breaks what is connected. */
  breakOff(): void;
  /** Whatever goes through, either way, is late by this many milliseconds from now on. */
  slow(ms: number): void;
  /** Lets the next request of this many bytes or more through, and breaks off as soon as the engine begins to answer. */
  loseNextAnswer(minBytes: number): void;
  /** Whether an answer was lost since that was asked for. */
  hasLost(): boolean;
  close(): Promise<void>;
}

const ONE_HOST = /^([a-z]+:\/\/(?:[^/?@]*@)?)([^/?@,:]+):(\d+)(.*)$/;

/** Only a URL of one host and port can be led through a line. */
export const linkTo = async (url: string): Promise<Link> => {
  const [, before, host, port, after] = ONE_HOST.exec(url)!;
  const line = new Line(host!, Number(port));
  const server = createServer((socket) => line.take(socket));
  const own = await listen(server, 0);
  // A client of MongoDB goes where the members say they are, unless it is told not to.
  const direct = before!.startsWith('mongodb') ? `${after!.includes('?') ? '&' : '?'}directConnection=true` : '';
  const cut = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      line.breakOff();
    });
  return {
    url: `${before}127.0.0.1:${own}${after}${direct}`,
    cut,
    mend: async () => void (await listen(server, own)),
    breakOff: () => line.breakOff(),
    slow: (ms) => {
      line.lateBy = ms;
    },
    loseNextAnswer: (minBytes) => {
      line.losing = minBytes;
    },
    hasLost: () => line.losing === undefined,
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

class Line {
  readonly #ends = new Set<Socket>();
  lateBy = 0;
  losing: number | undefined;

  constructor(
    private readonly host: string,
    private readonly port: number,
  ) {}

  breakOff(): void {
    for (const end of this.#ends) end.destroy();
  }

  take(client: Socket): void {
    const engine = connect(this.port, this.host);
    const ends = [client.setNoDelay(), engine.setNoDelay()];
    const breakBoth = () => {
      for (const end of ends) end.destroy();
    };
    for (const end of ends) {
      this.#ends.add(end);
      end.on('error', breakBoth).on('close', () => {
        this.#ends.delete(end);
        breakBoth();
      });
    }
    let isLosing = false;
    this.#pass(client, engine, (piece) => {
      if (this.losing !== undefined && piece.length >= this.losing) isLosing = true;
      return true;
    });
    this.#pass(engine, client, () => {
      if (!isLosing) return true;
      this.losing = undefined;
      breakBoth();
      return false;
    });
  }

  #pass(from: Socket, to: Socket, mayPass: (piece: Buffer) => boolean): void {
    let last = Promise.resolve();
    from.on('data', (piece) => {
      if (!mayPass(piece)) return;
      const wait = this.lateBy === 0 ? undefined : new Promise<void>((resolve) => setTimeout(resolve, this.lateBy));
      last = last.then(async () => {
        await wait;
        if (!to.destroyed) to.write(piece);
      });
    });
  }
}
