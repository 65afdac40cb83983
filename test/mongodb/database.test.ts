import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { MongoClient } from 'mongodb';
import { CrmError } from '../../src/errors.js';
import { connectMongo, MongoDatabase, onlyDuplicates } from '../../src/mongodb/database.js';
import { type DoubleOptions, Refusal, startMongoDouble } from '../support/mongodbDouble.js';

const SECRET = 'hunter2';

/** What connecting with this URL is refused with, as everything of it that could be printed. */
const refused = async (url: string): Promise<CrmError> => {
  const error = await connectMongo(url, 'vault').catch((each: unknown) => each);
  expect(error).toBeInstanceOf(CrmError);
  for (let each = error as Error | undefined; each; each = each.cause as Error | undefined) {
    expect(`${each.message} ${each.stack} ${JSON.stringify(each)}`).not.toContain(SECRET);
  }
  return error as CrmError;
};

const againstDouble = async (options: DoubleOptions): Promise<CrmError> => {
  const double = await startMongoDouble(options);
  try {
    return await refused(`${double.url}/crm`);
  } finally {
    await double.close();
  }
};

test('a standalone server is refused: what a majority has is not defined there', async () => {
  const { code, message } = await againstDouble({});
  expect({ code, message }).toEqual({
    code: 'BAD_CONFIGURATION',
    message: 'The MongoDB of the vault is not a member of a replica set.',
  });
});

test('a standalone server is refused also where the URL names a replica set', async () => {
  const double = await startMongoDouble({});
  try {
    const { code, message } = await refused(`${double.url}/crm?replicaSet=rs0&serverSelectionTimeoutMS=200`);
    expect({ code, message }).toEqual({
      code: 'BAD_CONFIGURATION',
      message: 'The MongoDB of the vault is not a member of the replica set that its URL names.',
    });
  } finally {
    await double.close();
  }
});

test('a server that goes away while it is used is unreachable, not failed', async () => {
  const double = await startMongoDouble();
  const database = await connectMongo(`${double.url}/crm?serverSelectionTimeoutMS=200`, 'vault');
  await double.close();
  const any = database.collection('any');
  const write = { replaceOne: { filter: { _id: 'a' }, replacement: {}, upsert: true } };
  for (const work of [
    () => any.findOne({ _id: 'a' }),
    () => any.bulkWrite([write], { ordered: false }),
    () => any.insertMany([{ _id: 'a' }], { ordered: false }),
  ]) {
    await expect(database.run<unknown>(work)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
  }
  await database.close();
});

test('a socket that breaks while a command is written to it is a server that is away; a mistake of ours is none', async () => {
  const double = await startMongoDouble();
  const database = await connectMongo(`${double.url}/crm`, 'vault');
  const failing = (error: Error) => database.run(() => Promise.reject(error));
  const broken = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
  await expect(failing(broken)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE', cause: broken });
  const mistake = new TypeError('documents is not iterable');
  await expect(failing(mistake)).rejects.toBe(mistake);
  await database.close();
  await double.close();
});

test('a bulk write that met only documents that were there is told from one that never arrived', async () => {
  const double = await startMongoDouble();
  const database = await connectMongo(`${double.url}/crm?serverSelectionTimeoutMS=200`, 'vault');
  const insert = () => database.collection('any').insertMany([{ _id: 'a' }, { _id: 'b' }], { ordered: false });
  const failure = () => insert().catch((error: unknown) => error);
  await insert();
  expect(onlyDuplicates(await failure())).toBe(true);
  double.before = ({ insert: inserting }) => {
    if (inserting) throw new Refusal(10_107, 'NotWritablePrimary', 'not primary');
  };
  expect(onlyDuplicates(await failure())).toBe(false);
  await double.close();
  expect(onlyDuplicates(await failure())).toBe(false);
  await database.close();
});

test('whoever is not let in is told so', async () => {
  const { code, message } = await againstDouble({ setName: 'rs0', locked: true });
  expect({ code, message }).toEqual({
    code: 'STORE_UNAUTHORISED',
    message: 'The MongoDB of the vault does not accept the user or the password.',
  });
});

test('a URL that cannot be read is refused without being repeated', async () => {
  for (const url of [
    `mongodb://ada:${SECRET}@`,
    `mongodb://ada:${SECRET}@host:port/crm`,
    `mongodb://ada:${SECRET}@localhost/crm?tls=perhaps`,
    `http://ada:${SECRET}@localhost/crm`,
  ]) {
    expect(await refused(url)).toMatchObject({
      code: 'BAD_CONFIGURATION',
      message: 'The MongoDB of the vault has a URL that cannot be read.',
    });
  }
});

test('a server that is not there is the store that failed', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const url = `mongodb://ada:${SECRET}@127.0.0.1:${port}/crm?serverSelectionTimeoutMS=100`;
  expect(await refused(url)).toMatchObject({
    code: 'STORE_UNREACHABLE',
    message: 'The MongoDB of the vault cannot be reached.',
  });
});

test('a certificate that nobody vouches for is refused', async () => {
  const server = createTlsServer({ key: KEY, cert: CERTIFICATE });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const url = `mongodb://ada:${SECRET}@localhost:${port}/crm?tls=true&serverSelectionTimeoutMS=500`;
  try {
    expect(await refused(url)).toMatchObject({
      code: 'BAD_CONFIGURATION',
      message: 'The MongoDB of the vault shows a certificate that cannot be verified.',
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a full disk, a write that no majority confirms in time, and one that this user may not do, are told apart', async () => {
  const double = await startMongoDouble();
  const client = new MongoClient(double.url);
  const database = new MongoDatabase(client.db('crm'), () => client.close());
  try {
    const insert = () => database.run(() => database.collection('any').insertOne({ _id: 'a' }));
    double.before = ({ insert: inserting }) => {
      if (inserting) throw new Refusal(14_031, 'OutOfDiskSpace', 'available disk space is less than required');
    };
    await expect(insert()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    double.before = ({ insert: inserting }) => {
      if (inserting) throw new Refusal(64, 'WriteConcernTimeout', 'waiting for replication timed out');
    };
    await expect(insert()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    double.before = ({ insert: inserting }) => {
      if (inserting) throw new Refusal(13, 'Unauthorized', 'not authorized on crm to execute command');
    };
    await expect(insert()).rejects.toMatchObject({ code: 'STORE_UNAUTHORISED' });
  } finally {
    await database.close();
    await double.close();
  }
});

/** Made for this test alone, and vouched for by nobody. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrhaVVW9+GJh2ov/i
JTnDkxq6qY+4WV53ofvXNEHStVKhRANCAAQCPNSn34N+7VIjVlCOmJzE0LY6dc+q
jrQk+aru2gxlV1aw36ZOcGVmLieGldBWd5ASbLHF08stwax5py3GIBaq
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIULCZSrh7rzHYnE0mcTvFfh/pUUf8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA5MDkwOFoYDzIxMjYxMDMx
MDkwOTA4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQCPNSn34N+7VIjVlCOmJzE0LY6dc+qjrQk+aru2gxlV1aw36ZOcGVm
LieGldBWd5ASbLHF08stwax5py3GIBaqo1MwUTAdBgNVHQ4EFgQUbFnZ7w+FeM3v
v9pozSVQVQg8rgEwHwYDVR0jBBgwFoAUbFnZ7w+FeM3vv9pozSVQVQg8rgEwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBzEAF8tkuD9lxZfDbm8LYQ
23ZXox3yevdfEleYV7bswAIgQTy7Arb2CCAF5zjiIpyvoZI7rNDXp+RthG7PY+jV
lmo=
-----END CERTIFICATE-----`;
