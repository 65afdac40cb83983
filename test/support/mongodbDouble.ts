import { type AddressInfo, createServer, type Socket } from 'node:net';
import { BSON, type Document } from 'mongodb';
import { matches, projected, sorted, updated, upserted } from './mongodbDoubleDocuments.js';

/*
 * A double of a MongoDB server, not a MongoDB: it speaks those commands of the wire protocol that our adapters use
 * (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/), one after the other and in memory. It is there
 * for regressions in the adapters, through the real driver, where no server can be installed. It proves nothing about
 * the engine: not its durability, its elections, its plans nor its speed.
 */

export interface MongoDouble {
  /** `mongodb://127.0.0.1:…`, without a database. */
  readonly url: string;
  /** Called before each command is carried out, for faults: what it throws or waits for happens to the command. */
  before: (command: Document) => void | Promise<void>;
  /** Names of collections with the number of their documents. */
  contents(database: string): { readonly [collection: string]: number };
  close(): Promise<void>;
}

export interface DoubleOptions {
  /** `undefined`: a standalone server. */
  readonly setName?: string | undefined;
  /** Refuses whoever has not authenticated, which nobody can. */
  readonly locked?: boolean;
}

/** An answer that says no. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
  ) {
    super(message);
  }
}

interface Stored {
  readonly documents: Map<unknown, Document>;
  readonly indexes: Set<string>;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;

export const startMongoDouble = async (options: DoubleOptions = { setName: 'rs0' }): Promise<MongoDouble> => {
  const sockets = new Set<Socket>();
  const collections = new Map<string, Stored>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    converse(socket, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = async (command: Document): Promise<Document> => {
    try {
      const [name] = Object.keys(command) as [string];
      if (name === 'hello' || name === 'ismaster') return hello(address, options);
      if (options.locked) throw new Refusal(13, 'Unauthorized', `command ${name} requires authentication`);
      await double.before(command);
      const carryOut = commands[name];
      if (carryOut === undefined) throw new Refusal(59, 'CommandNotFound', `no such command: '${name}'`);
      return { ...carryOut(command, collections), ok: 1 };
    } catch (error) {
      const { code = 8, codeName = 'UnknownError', message } = error as Refusal;
      return { ok: 0, code, codeName, errmsg: message };
    }
  };
  const double: MongoDouble = {
    url: `mongodb://${address}`,
    before: () => undefined,
    contents: (database) =>
      Object.fromEntries(
        [...collections]
          .filter(([name]) => name.startsWith(`${database}.`))
          .map(([name, { documents }]) => [name.slice(database.length + 1), documents.size]),
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return double;
};

const hello = (address: string, { setName }: DoubleOptions): Document => ({
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  ...(setName === undefined
    ? {}
    : { setName, setVersion: 1, hosts: [address], primary: address, me: address, secondary: false }),
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false,
  ok: 1,
});

/** Messages of one connection: each is answered before the next is looked at. */
const converse = (socket: Socket, answer: (command: Document) => Promise<Document>): void => {
  let received = Buffer.alloc(0);
  let last = Promise.resolve();
  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    while (received.length >= HEADER_BYTES && received.length >= received.readInt32LE(0)) {
      const length = received.readInt32LE(0);
      const message = Buffer.from(received.subarray(0, length));
      received = received.subarray(length);
      last = last.then(async () => {
        const reply = replyTo(message, await answer(commandOf(message)));
        if (!socket.destroyed) socket.write(reply);
      });
    }
  });
};

const read = (message: Buffer, from: number): Document =>
  BSON.deserialize(message.subarray(from, from + message.readInt32LE(from)), { promoteBuffers: true });

const commandOf = (message: Buffer): Document => {
  if (message.readInt32LE(12) === OP_QUERY) return read(message, message.indexOf(0, HEADER_BYTES + 4) + 9);
  let command: Document = {};
  for (let from = HEADER_BYTES + 4; from < message.length; ) {
    const kind = message[from++];
    const end = from + message.readInt32LE(from);
    if (kind === 0) command = { ...read(message, from), ...command };
    else {
      const zero = message.indexOf(0, from + 4);
      const documents: Document[] = [];
      for (let next = zero + 1; next < end; next += message.readInt32LE(next)) documents.push(read(message, next));
      command[message.toString('utf8', from + 4, zero)] = documents;
    }
    from = end;
  }
  return command;
};

const replyTo = (message: Buffer, document: Document): Buffer => {
  const isQuery = message.readInt32LE(12) === OP_QUERY;
  const body = BSON.serialize(document);
  // A reply to a query: flags, cursor, where it starts, one document. To a message: flags and a section of kind 0.
  const before = Buffer.alloc(isQuery ? 20 : 5);
  if (isQuery) before.writeInt32LE(1, 16);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + before.length + body.length, 0);
  header.writeInt32LE(message.readInt32LE(4), 8);
  header.writeInt32LE(isQuery ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, before, body]);
};

type Collections = Map<string, Stored>;
type Command = (command: Document, collections: Collections) => Document;

const nameOf = (command: Document): string => `${command.$db}.${Object.values(command)[0]}`;

const existing = (command: Document, collections: Collections): Stored | undefined => collections.get(nameOf(command));

/** Collections are made by the first write to them. */
const made = (command: Document, collections: Collections): Stored => {
  const found = existing(command, collections);
  if (found !== undefined) return found;
  const stored = { documents: new Map<unknown, Document>(), indexes: new Set(['_id_']) };
  collections.set(nameOf(command), stored);
  return stored;
};

const insert = ({ documents }: Stored, document: Document): void => {
  if (documents.has(document._id)) throw new Refusal(11_000, 'DuplicateKey', 'E11000 duplicate key error');
  documents.set(document._id, document);
};

interface Change {
  readonly q: Document;
  readonly u: Document;
  readonly upsert?: boolean;
  readonly multi?: boolean;
}

/** Answers what was there before, and the one document that is there now. */
const change = (stored: Stored, { q, u, upsert, multi }: Change): { found: Document[]; now: Document | null } => {
  const found = candidates(stored, q).filter((document) => matches(document, q));
  if (!multi) found.splice(1);
  let now: Document | null = null;
  for (const document of found) {
    now = updated(document, u);
    stored.documents.set(document._id, now);
  }
  if (found.length === 0 && upsert) {
    now = updated(upserted(q), u);
    insert(stored, now);
  }
  return { found, now };
};

const candidates = ({ documents }: Stored, { _id }: Document): Document[] => {
  if (typeof _id !== 'string') return [...documents.values()];
  const document = documents.get(_id);
  return document === undefined ? [] : [document];
};

const checkHint = ({ hint }: Document, stored: Stored): void => {
  if (hint !== undefined && !stored.indexes.has(hint)) {
    throw new Refusal(2, 'BadValue', 'hint provided does not correspond to an existing index');
  }
};

/** Carries out each; a refusal is noted, and ends an ordered sequence. */
const eachOf = <T>(items: readonly T[], ordered: boolean, carryOut: (item: T, index: number) => void): Document[] => {
  const writeErrors: Document[] = [];
  for (const [index, item] of items.entries()) {
    try {
      carryOut(item, index);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      writeErrors.push({ index, code: error.code, errmsg: error.message });
      if (ordered) break;
    }
  }
  return writeErrors;
};

const noted = (writeErrors: Document[]): Document => (writeErrors.length > 0 ? { writeErrors } : {});

const commands: { readonly [name: string]: Command } = {
  ping: () => ({}),
  endSessions: () => ({}),

  insert(command, collections) {
    const stored = made(command, collections);
    let n = 0;
    const errors = eachOf(command.documents as Document[], command.ordered ?? true, (document) => {
      insert(stored, document);
      n++;
    });
    return { n, ...noted(errors) };
  },

  update(command, collections) {
    const stored = made(command, collections);
    const upserts: Document[] = [];
    let n = 0;
    let nModified = 0;
    const errors = eachOf(command.updates as Change[], command.ordered ?? true, (each, index) => {
      const { found, now } = change(stored, each);
      nModified += found.length;
      n += found.length;
      if (found.length > 0 || now === null) return;
      n++;
      upserts.push({ index, _id: now._id });
    });
    return { n, nModified, ...(upserts.length > 0 ? { upserted: upserts } : {}), ...noted(errors) };
  },

  delete(command, collections) {
    const stored = existing(command, collections);
    let n = 0;
    for (const { q, limit } of command.deletes as { q: Document; limit: 0 | 1 }[]) {
      const found = stored ? candidates(stored, q).filter((document) => matches(document, q)) : [];
      for (const { _id } of limit === 1 ? found.slice(0, 1) : found) {
        stored!.documents.delete(_id);
        n++;
      }
    }
    return { n };
  },

  findAndModify(command, collections) {
    const { query, update, upsert, new: wantsNew, fields } = command;
    const { found, now } = change(made(command, collections), { q: query, u: update, upsert });
    const value = wantsNew ? now : (found[0] ?? null);
    return { value: value && projected(value, fields), lastErrorObject: { updatedExisting: found.length > 0 } };
  },

  find(command, collections) {
    const stored = existing(command, collections);
    const { filter = {}, sort, limit = 0, projection } = command;
    if (stored) checkHint(command, stored);
    const found = sorted(stored ? candidates(stored, filter).filter((each) => matches(each, filter)) : [], sort);
    const firstBatch = (limit > 0 ? found.slice(0, limit) : found).map((each) => projected(each, projection));
    return { cursor: { id: BSON.Long.ZERO, ns: nameOf(command), firstBatch } };
  },

  /** Counting alone, as the driver's `countDocuments` asks for it. */
  aggregate(command, collections) {
    const stored = existing(command, collections);
    if (stored) checkHint(command, stored);
    const pipeline = command.pipeline as Document[];
    const { $match } = pipeline[0]!;
    const $limit = pipeline.length === 3 ? pipeline[1]!.$limit : Number.POSITIVE_INFINITY;
    const { _id, n: sum } = pipeline.at(-1)!.$group as { _id: number; n: Document };
    if ($match === undefined || sum.$sum !== 1) throw new Error('The double counts, and aggregates nothing else.');
    const found = stored ? candidates(stored, $match).filter((each) => matches(each, $match)).length : 0;
    const n = Math.min(found, $limit as number);
    return { cursor: { id: BSON.Long.ZERO, ns: nameOf(command), firstBatch: n === 0 ? [] : [{ _id, n }] } };
  },

  createIndexes(command, collections) {
    const { indexes } = made(command, collections);
    for (const { name } of command.indexes as { name: string }[]) indexes.add(name);
    return {};
  },

  drop(command, collections) {
    if (!collections.delete(nameOf(command))) throw new Refusal(26, 'NamespaceNotFound', 'ns not found');
    return {};
  },

  listCollections(command, collections) {
    const prefix = `${command.$db}.`;
    const names = [...collections.keys()].filter((name) => name.startsWith(prefix));
    const firstBatch = names.map((name) => ({ name: name.slice(prefix.length), type: 'collection' }));
    return { cursor: { id: BSON.Long.ZERO, ns: `${prefix}$cmd.listCollections`, firstBatch } };
  },
};
