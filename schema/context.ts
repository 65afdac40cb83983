import { randomUUID } from 'node:crypto';
import type { Controllers } from '../projections/controllers.js';
import { type ContactRow, mayBeUsedFor } from '../projections/crm/contacts.js';
import { membershipsOf } from '../projections/identity/members.js';
import { contactDecider } from '../src/crm/contacts/decider.js';
import type { ExternalClaim } from '../src/crm/externalIds.js';
import { CrmError } from '../src/errors.js';
import { type Authority, noAuthority } from '../src/identity/access/authority.js';
import { type Device, deviceFrom } from '../src/identity/access/devices.js';
import {
  consentNeededFor,
  purposeNamed,
  purposeOf,
  type ReadPurpose,
  readPurposes,
} from '../src/identity/access/readPurposes.js';
import type { Permission } from '../src/identity/access/roles.js';
import type { Session } from '../src/identity/access/sessions.js';
import { instant } from '../src/kernel/clock.js';
import type { CommandContext, Handled } from '../src/kernel/commandHandler.js';
import type { Decider } from '../src/kernel/decider.js';
import type { EventDefinitions } from '../src/kernel/event.js';
import { isUuid } from '../src/kernel/ids.js';
import type { Caller } from './caller.js';
import { type Identity, identify } from './identity.js';
import { Loaders } from './loaders.js';
import { type ReadRecorder, Reads } from './reads.js';
import type { Services } from './services.js';

/** Deciders of records that are kept on somebody's behalf: who sees only some controllers' can change only those. */
const KEPT_FOR_SOMEBODY: ReadonlySet<string> = new Set(['contact', 'company', 'deal', 'consent']);

export interface HandleOptions {
  readonly expectedVersion?: number | null;
  /** Read models to wait for: what the reply and the caller's next query read. */
  readonly shownIn: readonly string[];
  /** An id of another program that the new record shall have. */
  readonly claim?: ExternalClaim;
}

/**
 * One request: who asks, in which workspace, and what they may do there. Apollo copies it, own properties and prototype,
 * so nothing here is a `#` member.
 */
export class Context {
  readonly loaders: Loaders;
  /** Whose data the answer holds. */
  readonly reads = new Reads();
  private held: Authority | undefined;

  private constructor(
    readonly services: Services,
    private readonly identity: Identity | null,
    /** Who asks and from where, as the request says. */
    readonly from: Caller,
    readonly requestId: string,
  ) {
    this.loaders = new Loaders(
      services.readStore,
      () => this.workspace,
      (controller) => this.sees(controller),
      (contact) => this.shows(contact),
    );
  }

  static async of(services: Services, caller: Caller): Promise<Context> {
    return new Context(services, await identify(services, caller), caller, randomUUID());
  }

  /** The same caller as they stand now: for what goes on longer than a request. */
  renewed(): Promise<Context> {
    return Context.of(this.services, this.from);
  }

  async workspacesOf(account: string): Promise<readonly string[]> {
    return (await membershipsOf(this.services.readStore, account)).map(({ workspace }) => workspace);
  }

  /**
   * Puts on disk who reads whom by this answer, before it leaves; gives nothing where it holds nobody's data.
   * @param operation as the schema names it, e.g. `query contacts`
   * Errors: ACCESS_LOG_UNWRITABLE, OVERLOADED.
   */
  recordReads(operation: string): Promise<void> | undefined {
    const reads = this.reads.take();
    if (reads.length === 0 || this.identity === null) return undefined;
    const { accessLog, clock } = this.services;
    const { actor, account } = this.identity;
    const { workspace, purpose } = this;
    return accessLog.append({ at: instant(clock.now()), workspace, actor, account, purpose, operation, reads });
  }

  get isSignedIn(): boolean {
    return this.identity !== null;
  }

  /** The caller's account. Errors: UNAUTHENTICATED, FORBIDDEN for a key, which acts for somebody and is not them. */
  get account(): string {
    return this.person.account;
  }

  /** The caller's session. Errors: those of `account`. */
  get session(): Session {
    return this.person.session;
  }

  /** Errors: STEP_UP_REQUIRED where the caller has not proved lately who they are; FORBIDDEN for a key, which cannot. */
  requireStepUp(): void {
    const { clock, stepUpMs } = this.services;
    if (clock.now() - this.session.provedAt > stepUpMs) throw new CrmError('STEP_UP_REQUIRED');
  }

  /** What is shown of where somebody signed in. */
  get deviceShown(): Device {
    return deviceFrom(this.from.remoteAddress, this.from.userAgent);
  }

  private get person(): { account: string; session: Session } {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    const { account, session } = this.identity;
    if (session === null) throw new CrmError('FORBIDDEN');
    return { account, session };
  }

  /** Under whose name the history has what is done here. Error: UNAUTHENTICATED. */
  get actor(): string {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    return this.identity.actor;
  }

  /**
   * The workspace that everything in this request is confined to: the one named, or the only one there is.
   * Errors: UNAUTHENTICATED, WORKSPACE_REQUIRED, FORBIDDEN for one that the caller is not a member of, or that is not.
   */
  get workspace(): string {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    const [only, ...others] = this.identity.memberships;
    const wanted = this.from.workspace;
    if (wanted !== undefined) {
      if (only?.workspace !== wanted) throw new CrmError('FORBIDDEN', { field: 'x-workspace' });
      return wanted;
    }
    if (only === undefined || others.length > 0) throw new CrmError('WORKSPACE_REQUIRED', { field: 'x-workspace' });
    return only.workspace;
  }

  /** What the caller may do in the workspace of the request. Errors: those of `workspace`. */
  get authority(): Authority {
    this.held ??= this.authorityIn(this.workspace);
    return this.held;
  }

  private authorityIn(workspace: string): Authority {
    void this.purpose; // what is no purpose is refused, whatever is asked for
    const isMember = this.identity?.memberships.some((each) => each.workspace === workspace);
    return (isMember && this.identity?.authority) || noAuthority;
  }

  /** What the request reads for: what it says, or what its role reads for. Error: BAD_USER_INPUT for what is no purpose. */
  get purpose(): ReadPurpose {
    const said = this.from.purpose;
    const named = said === undefined ? purposeOf(this.identity?.memberships[0]?.role) : purposeNamed(said);
    if (named === undefined)
      throw new CrmError('BAD_USER_INPUT', { field: 'x-purpose', reason: readPurposes.join(', ') });
    return named;
  }

  /** Whether a person may be shown: one who is seen, and has said yes where what is read for asks for that. */
  shows(row: ContactRow): boolean {
    const consent = consentNeededFor(this.purpose);
    return this.sees(row.controller) && (consent === null || mayBeUsedFor(row, consent));
  }

  can(permission: Permission | 'public' | 'signed-in'): boolean {
    if (permission === 'public') return true;
    if (permission === 'signed-in') return this.isSignedIn;
    return this.isSignedIn && this.authority.permissions.has(permission);
  }

  /** Whether the caller sees the records that are kept for this controller. */
  sees(controller: string): boolean {
    const { controllers } = this.authority;
    return controllers === null || controllers.has(controller);
  }

  /** Whose records the caller sees, for a list. */
  get controllers(): Controllers {
    const { controllers } = this.authority;
    return controllers === null ? null : [...controllers];
  }

  /** For a command in the caller's workspace, on behalf of the workspace itself unless a client is named. */
  command(commandId?: string | null, controller?: string | null): CommandContext {
    return {
      workspace: this.workspace,
      controller: controller ?? this.workspace,
      actor: this.actor,
      commandId: commandIdIn(commandId),
      correlationId: this.requestId,
    };
  }

  /** The state of a record that the caller may see; `initial` for any other, as for one that there is not. */
  async stateOf<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
  ): Promise<State> {
    return (await this.isHidden(decider, id))
      ? decider.initial
      : this.services.handler.stateOf(decider, id, this.workspace);
  }

  /** On whose behalf a contact is kept: what is written about them is written for the same. */
  controllerOf(contact: string): Promise<string | null> {
    return this.services.handler.controllerOf(contactDecider, contact, this.workspace);
  }

  /** Carries out a command and waits until the read models that its reply and the next query read have passed it. */
  async handle<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
    command: Command,
    context: CommandContext,
    options: HandleOptions,
  ): Promise<Handled> {
    const { handler, externalIds } = this.services;
    const { claim, expectedVersion } = options;
    if (KEPT_FOR_SOMEBODY.has(decider.category)) await this.mustBeSeen(decider, id, context, claim !== undefined);
    const handled = await inInput(() =>
      externalIds.whileReserved(claim, context, () =>
        handler.handle(decider, id, command, context, expectedVersion ?? undefined),
      ),
    );
    await this.services.waitFor(options.shownIn, handled.position);
    return handled;
  }

  private async isHidden<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
  ): Promise<boolean> {
    if (this.authority.controllers === null) return false;
    const controller = await this.services.handler.controllerOf(decider, id, this.workspace);
    return controller !== null && !this.sees(controller);
  }

  /** Error: NOT_FOUND for a record, or for the controller of a new one, that the caller does not see. */
  private async mustBeSeen<State, Command, D extends EventDefinitions>(
    decider: Decider<State, Command, D>,
    id: string,
    { controller }: CommandContext,
    isNew: boolean,
  ): Promise<void> {
    const hidden = isNew ? !this.sees(controller) : await this.isHidden(decider, id);
    if (hidden) throw new CrmError('NOT_FOUND', { field: isNew ? 'input.clientId' : 'input.id' });
  }
}

/** What the access log is told. */
export const readRecorder: ReadRecorder<Context> = {
  record: (context, operation) => context.recordReads(operation),
  forget: ({ reads }) => reads.forget(),
};

/** The id that a caller gave a command, or `null`. Error: BAD_USER_INPUT. */
export const commandIdIn = (commandId: string | null | undefined): string | null => {
  const id = commandId?.toLowerCase() ?? null;
  if (id !== null && !isUuid(id)) throw new CrmError('BAD_USER_INPUT', { field: 'input.commandId', reason: 'A UUID.' });
  return id;
};

/** Fields of an event that group several arguments: in an error, the argument is named, not the group. */
const GROUPS = /^(name|work)\./;

/** Errors name the argument as the caller wrote it. */
export const inInput = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CrmError) || error.details.field === undefined) throw error;
    const field = `input.${error.details.field.replace(GROUPS, '')}`;
    throw new CrmError(error.code, { ...error.details, field }, { cause: error });
  }
};
