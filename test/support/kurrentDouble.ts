import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import rpcStatus from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import streamsService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import type * as Streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import anyMessage from 'google-protobuf/google/protobuf/any_pb.js';

/**
 * A double of KurrentDB for regressions, in memory: the Streams of its gRPC interface, as far as the adapter uses them
 * and as they are documented. It proves nothing about the engine: that is what `npm run test:engines` is for.
 */
export interface KurrentDouble {
  /** The connection string of the double. */
  readonly url: string;
  /** Writes the next append and loses the answer, or does neither; the connection breaks in both cases. */
  breakNextAppend(when: 'after-writing' | 'before-writing'): void;
  /** Ends every subscription and every append stream as a node does that goes down. */
  dropConnections(): void;
  /** An append of another process, between ours. */
  count(): { readonly appends: number; readonly reads: number };
  stop(): Promise<void>;
}

interface Recorded {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly metadata: readonly (readonly [string, string])[];
  readonly data: Uint8Array;
  readonly customMetadata: Uint8Array;
}

type ReadCall = ServerWritableStream<Streams.ReadReq, Streams.ReadResp>;
type AppendCall = ServerDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>;
type Wanted = (event: Recorded) => boolean;

/** The default of 23.10: of the events of an append together. */
const MAX_APPEND_BYTES = 1024 * 1024;
/** Bytes of a record in the log beside what the application gave. */
const RECORD_BYTES = 128;

/** On a port of its own where none is given. */
export const startKurrentDouble = async (at: { readonly port?: number } = {}): Promise<KurrentDouble> => {
  const double = new Double();
  const server = new Server();
  server.addService(featuresService.ServerFeaturesService, {
    getSupportedMethods: (_: unknown, answer: (error: null, methods: unknown) => void) => answer(null, supported()),
  } as never);
  server.addService(streamsService.StreamsService, {
    read: (call: ReadCall) => double.read(call),
    batchAppend: (call: AppendCall) => double.batchAppend(call),
  } as never);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${at.port ?? 0}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    // The client's first look at a server fails, and by default it looks again half a second later.
    url: `kurrentdb://127.0.0.1:${port}?tls=false&discoveryInterval=10`,
    breakNextAppend: (when) => {
      double.breakNext = when;
    },
    dropConnections: () => double.dropConnections(),
    count: () => ({ appends: double.appends, reads: double.reads }),
    stop: async () => {
      double.dropConnections();
      server.forceShutdown();
    },
  };
};

const supported = () => {
  const methods = new features.SupportedMethods();
  methods.setEventStoreServerVersion('23.10.8');
  for (const name of ['read', 'batchappend']) {
    const method = new features.SupportedMethod();
    method.setServiceName('event_store.client.streams.Streams');
    method.setMethodName(name);
    methods.addMethods(method);
  }
  return methods;
};

class Double {
  readonly #log: Recorded[] = [];
  readonly #byStream = new Map<string, Recorded[]>();
  readonly #subscribers = new Map<ReadCall, (event: Recorded) => void>();
  readonly #appending = new Set<AppendCall>();
  #end = 0n;
  breakNext: 'after-writing' | 'before-writing' | undefined;
  appends = 0;
  reads = 0;

  dropConnections(): void {
    const unavailable = Object.assign(new Error('The node is shutting down.'), {
      code: status.UNAVAILABLE,
      metadata: new Metadata(),
    });
    for (const call of [...this.#subscribers.keys(), ...this.#appending]) call.emit('error', unavailable);
    this.#subscribers.clear();
    this.#appending.clear();
  }

  batchAppend(call: AppendCall): void {
    const pending = new Map<
      string,
      { options: Streams.BatchAppendReq.Options; events: Streams.BatchAppendReq.ProposedMessage[] }
    >();
    this.#appending.add(call);
    call.on('error', () => this.#appending.delete(call)).on('cancelled', () => this.#appending.delete(call));
    call.on('end', () => call.end());
    call.on('data', (request: Streams.BatchAppendReq) => {
      const correlation = uuidOf(request.getCorrelationId()!);
      if (request.hasOptions()) pending.set(correlation, { options: request.getOptions()!, events: [] });
      const append = pending.get(correlation)!;
      append.events.push(...request.getProposedMessagesList());
      if (!request.getIsFinal()) return;
      pending.delete(correlation);
      this.appends += 1;
      const breaking = this.breakNext;
      this.breakNext = undefined;
      const response = breaking === 'before-writing' ? null : this.#append(append.options, append.events);
      if (breaking !== undefined || response === null) {
        this.dropConnections();
        return;
      }
      response.setCorrelationId(request.getCorrelationId());
      response.setStreamIdentifier(append.options.getStreamIdentifier());
      call.write(response);
    });
  }

  #append(
    options: Streams.BatchAppendReq.Options,
    proposed: readonly Streams.BatchAppendReq.ProposedMessage[],
  ): Streams.BatchAppendResp {
    const stream = nameOf(options.getStreamIdentifier()!);
    const bytes = proposed.reduce(
      (sum, each) => sum + each.getData_asU8().length + each.getCustomMetadata_asU8().length + 2 * typeOf(each).length,
      0,
    );
    if (bytes > MAX_APPEND_BYTES) {
      const exceeded = new shared.MaximumAppendSizeExceeded();
      exceeded.setMaxappendsize(MAX_APPEND_BYTES);
      return refused(exceeded, 'MaximumAppendSizeExceeded');
    }
    if (options.hasAny() || options.hasStreamExists()) throw new Error('The double knows exact revisions only.');
    const expected = options.hasNoStream() ? -1 : Number(options.getStreamPosition());
    const written = this.#byStream.get(stream) ?? [];
    const current = written.length - 1;
    const there = written.slice(expected + 1, expected + 1 + proposed.length);
    const repeated = expected < current && proposed.every((each, index) => there[index]?.id === uuidOf(each.getId()!));
    if (repeated) return accepted(there.at(-1)!);
    if (expected !== current) return refused(wrongVersion(options, current), 'WrongExpectedVersion');
    const events = proposed.map((each, index) => this.#record(stream, current + 1 + index, each));
    this.#byStream.set(stream, [...written, ...events]);
    this.#log.push(...events);
    for (const event of events) for (const tell of this.#subscribers.values()) tell(event);
    return accepted(events.at(-1)!);
  }

  #record(stream: string, revision: number, proposed: Streams.BatchAppendReq.ProposedMessage): Recorded {
    const position = this.#end;
    const data = proposed.getData_asU8();
    const customMetadata = proposed.getCustomMetadata_asU8();
    this.#end += BigInt(RECORD_BYTES + data.length + customMetadata.length);
    const metadata = [...proposed.getMetadataMap().entries()] as [string, string][];
    return { position, stream, revision, id: uuidOf(proposed.getId()!), metadata, data, customMetadata };
  }

  read(call: ReadCall): void {
    this.reads += 1;
    const options = call.request.getOptions()!;
    if (options.hasSubscription()) {
      this.#subscribe(call, options);
      return;
    }
    const events = options.hasStream() ? this.#ofStream(options) : this.#ofAll(options);
    if (events === null) {
      const notFound = new streams.ReadResp.StreamNotFound();
      notFound.setStreamIdentifier(options.getStream()!.getStreamIdentifier());
      call.write(new streams.ReadResp().setStreamNotFound(notFound));
    }
    for (const event of (events ?? []).slice(0, Number(options.getCount()))) call.write(toResponse(event));
    call.end();
  }

  #ofStream(options: Streams.ReadReq.Options): readonly Recorded[] | null {
    const of = options.getStream()!;
    const events = this.#byStream.get(nameOf(of.getStreamIdentifier()!));
    if (events === undefined) return null;
    if (options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS) {
      if (!of.hasEnd()) throw new Error('The double reads backwards from the end only.');
      return [...events].reverse();
    }
    return events.slice(of.hasRevision() ? Number(of.getRevision()) : 0);
  }

  /** Forwards from the event at the position itself, backwards from the one before it. */
  #ofAll(options: Streams.ReadReq.Options): readonly Recorded[] {
    const all = options.getAll()!;
    const wanted = this.#log.filter(filterOf(options));
    if (options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS) {
      if (!all.hasEnd()) throw new Error('The double reads backwards from the end only.');
      return wanted.reverse();
    }
    const from = all.hasPosition() ? BigInt(all.getPosition()!.getCommitPosition()) : 0n;
    return wanted.filter(({ position }) => position >= from);
  }

  #subscribe(call: ReadCall, options: Streams.ReadReq.Options): void {
    const all = options.getAll()!;
    const wanted = filterOf(options);
    const filter = options.getFilter()!;
    const interval = filter.getMax() * filter.getCheckpointintervalmultiplier();
    let considered = 0;
    const consider = (event: Recorded): void => {
      if (wanted(event)) call.write(toResponse(event));
      considered += 1;
      if (considered % interval === 0) call.write(checkpointAt(event.position));
    };
    call.write(
      new streams.ReadResp().setConfirmation(
        new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('double'),
      ),
    );
    // A subscription begins with the event after its position.
    const after = all.hasPosition() ? BigInt(all.getPosition()!.getCommitPosition()) : -1n;
    for (const event of this.#log) if (event.position > after) consider(event);
    call.write(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
    this.#subscribers.set(call, consider);
    call.on('cancelled', () => this.#subscribers.delete(call)).on('error', () => this.#subscribers.delete(call));
  }
}

const nameOf = (identifier: { getStreamName_asU8(): Uint8Array }): string =>
  Buffer.from(identifier.getStreamName_asU8()).toString('utf8');

const typeOf = (event: Streams.BatchAppendReq.ProposedMessage): string => event.getMetadataMap().get('type') ?? '';

const uuidOf = (uuid: {
  hasString(): boolean;
  getString(): string;
  getStructured(): { getMostSignificantBits(): string; getLeastSignificantBits(): string } | undefined;
}): string => {
  if (uuid.hasString()) return uuid.getString();
  const { getMostSignificantBits: most, getLeastSignificantBits: least } = uuid.getStructured()!;
  const hex = [most, least]
    .map((bits) =>
      BigInt.asUintN(64, BigInt(bits.call(uuid.getStructured())))
        .toString(16)
        .padStart(16, '0'),
    )
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

const filterOf = (options: Streams.ReadReq.Options): Wanted => {
  const expression = options.getFilter()?.getEventType();
  if (expression === undefined) throw new Error('The double reads the whole log by event types only.');
  const prefixes = expression.getPrefixList();
  const regex = prefixes.length === 0 ? new RegExp(expression.getRegex()) : undefined;
  return ({ metadata }) => {
    const type = metadata.find(([name]) => name === 'type')![1];
    return regex?.test(type) ?? prefixes.some((prefix) => type.startsWith(prefix));
  };
};

const accepted = ({ revision, position }: Recorded): Streams.BatchAppendResp => {
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(revision));
  success.setPosition(
    new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );
  return new streams.BatchAppendResp().setSuccess(success);
};

const wrongVersion = (options: Streams.BatchAppendReq.Options, current: number) => {
  const wrong = new shared.WrongExpectedVersion();
  if (current >= 0) wrong.setCurrentStreamRevision(String(current));
  else wrong.setCurrentNoStream(options.getNoStream());
  if (options.hasNoStream()) wrong.setExpectedNoStream(options.getNoStream());
  else wrong.setExpectedStreamPosition(options.getStreamPosition());
  return wrong;
};

const refused = (details: { serializeBinary(): Uint8Array }, name: string): Streams.BatchAppendResp => {
  const any = new anyMessage.Any();
  any.pack(details.serializeBinary(), `event_store.client.${name}`);
  return new streams.BatchAppendResp().setError(new rpcStatus.Status().setMessage(name).setDetails(any));
};

const checkpointAt = (position: bigint): Streams.ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  );

const toResponse = ({ position, stream, revision, id, metadata, data, customMetadata }: Recorded): Streams.ReadResp => {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(new shared.UUID().setString(id));
  recorded.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64')));
  recorded.setStreamRevision(String(revision));
  recorded.setCommitPosition(String(position)).setPreparePosition(String(position));
  for (const [name, value] of metadata) recorded.getMetadataMap().set(name, value);
  recorded.getMetadataMap().set('created', '17638848000000000');
  recorded.setData(data).setCustomMetadata(customMetadata);
  const event = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(position));
  return new streams.ReadResp().setEvent(event);
};
