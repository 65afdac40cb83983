import type { CommandContext, CommandHandler } from '../../kernel/commandHandler.js';
import { derivedId, type Ids } from '../../kernel/ids.js';
import { type Channel, channels } from '../consent/events.js';
import { type Address, addressesIn, type Reach } from './addresses.js';
import { suppressionDecider } from './decider.js';
import type { SuppressionGround } from './events.js';

/** Whose list it is. */
export type ListOwner = Pick<CommandContext, 'workspace' | 'controller'>;

export interface SuppressionsParts {
  readonly handler: CommandHandler;
  readonly ids: Ids;
  /** Keyed hash of an address under the suppression key of a controller. */
  readonly hash: (owner: ListOwner, kind: Address['kind'], value: string) => string;
  /** Marks the contacts of the controller that have one of these addresses with the channels that are suppressed now. */
  readonly mark: (reach: Reach, context: CommandContext) => Promise<void>;
}

/**
 * The do-not-contact list of each controller: keyed hashes only (GDPR Art 21(3), Art 17(3)(b); the list outlives the
 * person's erasure, which is what makes the erasure last).
 */
export class Suppressions {
  constructor(private readonly parts: SuppressionsParts) {}

  /** The channels on which one of these addresses is suppressed, in the order of `channels`. Read from the history itself. */
  async channelsOf(reach: Reach, owner: ListOwner): Promise<readonly Channel[]> {
    const states = await Promise.all(
      this.#entries(reach, owner).map(({ id }) => this.parts.handler.stateOf(suppressionDecider, id, owner.workspace)),
    );
    return channels.filter((channel) => states.some(({ suppressed }) => suppressed[channel] !== undefined));
  }

  /** Puts the addresses on the list, for these of their channels, and marks who else has them. Idempotent. */
  async suppress(
    reach: Reach,
    wanted: readonly Channel[],
    ground: SuppressionGround,
    context: CommandContext,
  ): Promise<void> {
    const type = 'SuppressAddress';
    await this.#each(reach, wanted, context, (entry) => ({ type, ...entry, ground }) as const);
    await this.parts.mark(reach, context);
  }

  /** Takes them off: the person has said yes anew. Idempotent. */
  async lift(reach: Reach, wanted: readonly Channel[], context: CommandContext): Promise<void> {
    await this.#each(reach, wanted, context, (entry) => ({ type: 'LiftSuppression', ...entry }) as const);
    await this.parts.mark(reach, context);
  }

  /** For somebody who was taken in while the list may have changed: `before` is what it said at the decision. */
  async recheck(reach: Reach, before: readonly Channel[] | undefined, context: CommandContext): Promise<void> {
    const now = await this.channelsOf(reach, context);
    if (before !== undefined && now.join() !== before.join()) await this.parts.mark(reach, context);
  }

  async #each(
    reach: Reach,
    wanted: readonly Channel[],
    context: CommandContext,
    command: (entry: {
      subject: string;
      hash: string;
      channels: readonly Channel[];
    }) => Parameters<typeof suppressionDecider.decide>[0],
  ): Promise<void> {
    for (const { id, hash, channels: own } of this.#entries(reach, context)) {
      const concerned = own.filter((channel) => wanted.includes(channel));
      if (concerned.length === 0) continue;
      // Nothing that would lead from the hash to the person's own events: no command, no request of theirs.
      const alone = { ...context, commandId: null, correlationId: this.parts.ids.next(), causationId: undefined };
      const entry = { subject: context.workspace, hash, channels: concerned };
      await this.parts.handler.handle(suppressionDecider, id, command(entry), alone);
    }
  }

  #entries(reach: Reach, owner: ListOwner) {
    return addressesIn(reach).map(({ kind, value, channels: own }) => {
      const hash = this.parts.hash(owner, kind, value);
      return { hash, channels: own, id: derivedId('suppression', owner.workspace, owner.controller, hash) };
    });
  }
}
