import type { Vault } from '../vault/port.js';
import { openField, sealField } from '../vault/seal.js';
import type { Json } from './canonical.js';
import type { RandomBytes } from './ids.js';
import type { KeyRef } from './personal.js';

/** What a sealed value is, and which one: opened as anything else it is refused. */
export interface SealedAs {
  readonly kind: string;
  readonly id: string;
}

/** Opens what a `Sealer` has sealed, where only the keys to open with are at hand. */
export class Unsealer {
  constructor(protected readonly keys: Pick<Vault, 'openingKeys'>) {}

  /** The value, or `null` where the key was destroyed. Error: CORRUPT_EVENT where it is not what was sealed. */
  async open(ref: KeyRef, as: SealedAs, text: string): Promise<Json> {
    const [key] = await this.keys.openingKeys([ref]);
    if (!key) return null;
    const [digest = '', bytes = ''] = text.split('.');
    const sealed = { class: ref.class, digest, bytes: Buffer.from(bytes, 'base64url') };
    return openField(key, contextOf(ref, as), sealed) as Json;
  }
}

/**
 * Seals personal values that are kept outside the history (a message that waits, a device, a second factor's secret) as
 * fields of events are sealed: under the person's own key, so that they are gone when it is.
 */
export class Sealer extends Unsealer {
  constructor(
    private readonly vault: Pick<Vault, 'lease' | 'openingKeys'>,
    private readonly random: RandomBytes,
  ) {
    super(vault);
  }

  /** One line of printable ASCII. Error: SUBJECT_ERASED. */
  async seal(ref: KeyRef, as: SealedAs, value: Json): Promise<string> {
    const lease = await this.vault.lease(ref.workspace, ref.subject, [ref.class]);
    try {
      const { digest, bytes } = sealField(lease.key(ref.class), contextOf(ref, as), value, this.random);
      return `${digest}.${Buffer.from(bytes!).toString('base64url')}`;
    } finally {
      lease.release();
    }
  }
}

const contextOf = ({ subject, class: retentionClass }: KeyRef, { kind, id }: SealedAs) => ({
  eventId: id,
  type: kind,
  subject,
  class: retentionClass,
  field: 'value',
});
