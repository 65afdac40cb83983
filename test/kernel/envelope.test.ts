import fc from 'fast-check';
import { canonicalJson } from '../../src/kernel/canonical.js';
import { canonicalEnvelope, type StoredEvent } from '../../src/kernel/envelope.js';

const text = fc.string({ unit: 'grapheme' });
const sealedField = fc.record({
  class: fc.constantFrom('profile' as const, 'content' as const),
  digest: text,
  bytes: fc.uint8Array(),
});
const event: fc.Arbitrary<StoredEvent> = fc.record({
  id: text,
  stream: text,
  revision: fc.nat(),
  position: text,
  type: text,
  schemaVersion: fc.nat(),
  recordedAt: text,
  workspace: text,
  controller: text,
  subject: text,
  actor: text,
  commandId: fc.option(text),
  commandDigest: fc.option(text),
  correlationId: text,
  causationId: fc.option(text),
  open: fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<StoredEvent['open']>,
  sealed: fc.dictionary(text, sealedField),
});

test('the canonical envelope is the JCS form of the event, with digests for sealed bytes and without its position', () => {
  fc.assert(
    fc.property(event, (stored) => {
      const { position: _position, sealed, ...rest } = stored;
      const digests = Object.entries(sealed).map(([name, field]) => [
        name,
        { class: field.class, digest: field.digest },
      ]);
      expect(canonicalEnvelope(stored)).toBe(canonicalJson({ ...rest, sealed: Object.fromEntries(digests) }));
    }),
  );
});
