import { randomUUID } from 'node:crypto';
import { membershipsOf } from '../projections/identity/workspaces.js';
import { contactDecider } from '../src/crm/contacts/decider.js';
import type { ExternalClaim } from '../src/crm/externalIds.js';
import { CrmError } from '../src/errors.js';
import type { CommandContext, Handled } from '../src/kernel/commandHandler.js';
import type { Decider } from '../src/kernel/decider.js';
import type { EventDefinitions } from '../src/kernel/event.js';
import { isUuid } from '../src/kernel/ids.js';
import type { Caller } from './caller.js';
import { Loaders } from './loaders.js';
import type { Services } from './services.js';

interface Identity {
  readonly account: string;
  readonly token: string;
  readonly workspaces: readonly string[];
}

export interface HandleOptions {
  readonly expectedVersion?: number | null;
  /** Read models to wait for: what the reply and the caller's next query read. */
  readonly shownIn: readonly string[];
  /** An id of another program that the new record shall have. */
  readonly claim?: ExternalClaim;
}

/** One request: who asks, in which workspace, and what they may do there. */
export class Context {
  readonly loaders: Loaders;

  private constructor(
    readonly services: Services,
    private readonly identity: Identity | null,
    private readonly wantedWorkspace: string | undefined,
    readonly requestId: string,
    /** From where the request comes: its address and, where it sent one, its device's secret. */
    readonly from: Pick<Caller, 'remoteAddress' | 'device'>,
  ) {
    this.loaders = new Loaders(services.readStore, () => this.workspace);
  }

  static async of(services: Services, caller: Caller): Promise<Context> {
    const { token, workspace } = caller;
    const account = token === undefined ? null : await services.sessions.accountOf(token);
    if (account === null || token === undefined) return new Context(services, null, workspace, randomUUID(), caller);
    const workspaces = await workspacesOf(services, account);
    return new Context(services, { account, token, workspaces }, workspace, randomUUID(), caller);
  }

  workspacesOf(account: string): Promise<readonly string[]> {
    return workspacesOf(this.services, account);
  }

  get isSignedIn(): boolean {
    return this.identity !== null;
  }

  /** The caller's account. Error: UNAUTHENTICATED. */
  get account(): string {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    return this.identity.account;
  }

  get token(): string {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    return this.identity.token;
  }

  get workspaces(): readonly string[] {
    return this.identity?.workspaces ?? [];
  }

  /**
   * The workspace that everything in this request is confined to: the one named, or the only one there is.
   * Errors: UNAUTHENTICATED, WORKSPACE_REQUIRED, FORBIDDEN for one that the caller is not a member of, or that is not.
   */
  get workspace(): string {
    if (this.identity === null) throw new CrmError('UNAUTHENTICATED');
    const { workspaces } = this.identity;
    if (this.wantedWorkspace !== undefined) {
      if (!workspaces.includes(this.wantedWorkspace)) throw new CrmError('FORBIDDEN', { field: 'x-workspace' });
      return this.wantedWorkspace;
    }
    const [only] = workspaces;
    if (only === undefined || workspaces.length > 1) throw new CrmError('WORKSPACE_REQUIRED', { field: 'x-workspace' });
    return only;
  }

  /** Until roles come, every member may do everything in a workspace; nobody may do anything in another. */
  can(permission: string): boolean {
    if (permission === 'public') return true;
    if (permission === 'signed-in') return this.isSignedIn;
    return this.isSignedIn && this.workspace !== '';
  }

  /** For a command in the caller's workspace, on behalf of the workspace itself unless a client is named. */
  command(commandId?: string | null, controller?: string | null): CommandContext {
    if (commandId !== undefined && commandId !== null && !isUuid(commandId.toLowerCase())) {
      throw new CrmError('BAD_USER_INPUT', { field: 'input.commandId', reason: 'A UUID.' });
    }
    return {
      workspace: this.workspace,
      controller: controller ?? this.workspace,
      actor: this.account,
      commandId: commandId?.toLowerCase() ?? null,
      correlationId: this.requestId,
    };
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
    const handled = await inInput(() =>
      externalIds.whileReserved(claim, context.workspace, () =>
        handler.handle(decider, id, command, context, expectedVersion ?? undefined),
      ),
    );
    await this.services.waitFor(options.shownIn, handled.position);
    return handled;
  }
}

const workspacesOf = async ({ readStore }: Services, account: string): Promise<readonly string[]> =>
  (await membershipsOf(readStore, account)).map(({ workspace }) => workspace);

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
