import { CrmError } from '../errors.js';
import type { Clock } from '../kernel/clock.js';
import type { CommandContext } from '../kernel/commandHandler.js';
import type { StateStore } from '../statestore/port.js';

const RESERVATION_MS = 60_000;

export type ExternalKind = 'contact' | 'deal' | 'company' | 'product';

/** The id that a new record shall have, if any. */
export interface ExternalClaim {
  readonly kind: ExternalKind;
  readonly externalId: string | undefined;
  readonly owner: string;
}

/** Where a claim goes on from a reservation; `confirm` once what it is for is on disk. */
export interface Reservation {
  confirm(): Promise<void>;
  /** Gives the id free again, where what it was for did not come to be. */
  release(): Promise<void>;
}

/** Within whose records an id is unique. */
type Within = Pick<CommandContext, 'workspace' | 'controller'>;

/**
 * Ids of other programs, unique within a controller's records of a kind: one client's cannot be told from what another may
 * use. An id from outside may name a person, so it is claimed by a keyed hash. The owner is the subject, so that an erasure
 * releases the claim.
 */
export class ExternalIds {
  constructor(
    private readonly stateStore: StateStore,
    private readonly clock: Clock,
    private readonly claimKey: (space: string, value: string) => string,
  ) {}

  /** Error: ALREADY_TAKEN where another record of the kind has the id. */
  async reserve(kind: ExternalKind, within: Within, externalId: string, owner: string): Promise<Reservation> {
    const space = `external-${kind}`;
    const { workspace, controller } = within;
    const whose = controller === workspace ? workspace : `${workspace} ${controller}`;
    const key = this.claimKey(`${space} ${whose}`, externalId);
    const result = await this.stateStore.reserveClaim(space, key, owner, this.clock.now() + RESERVATION_MS);
    if (result === 'held') throw new CrmError('ALREADY_TAKEN', { field: 'externalId' });
    return {
      confirm: () => this.stateStore.confirmClaim(space, key, owner),
      release: async () => {
        if (result === 'reserved') await this.stateStore.releaseClaim(space, key, owner);
      },
    };
  }

  /** Reserves where there is an id, does the work, and confirms; what fails leaves the id free. */
  async whileReserved<T>(claim: ExternalClaim | undefined, within: Within, work: () => Promise<T>): Promise<T> {
    if (claim?.externalId === undefined) return work();
    const reservation = await this.reserve(claim.kind, within, claim.externalId, claim.owner);
    try {
      const result = await work();
      await reservation.confirm();
      return result;
    } catch (error) {
      await reservation.release();
      throw error;
    }
  }
}
