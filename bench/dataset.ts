import { filesIn } from '../src/app/dataDir.js';
import { openInstallation } from '../src/app/openInstallation.js';
import { type ReadModelFile, ReadModelFiles } from '../src/app/readModelFiles.js';
import { loadKeys } from '../src/app/rootKey.js';
import { companyDecider } from '../src/crm/companies/decider.js';
import { type ContactCommand, contactDecider } from '../src/crm/contacts/decider.js';
import { dealDecider } from '../src/crm/deals/decider.js';
import { openSqliteEventStore } from '../src/eventstore/sqlite.js';
import { systemClock } from '../src/kernel/clock.js';
import { type CommandContext, CommandHandler } from '../src/kernel/commandHandler.js';
import { derivedId, pooledRandomBytes, timeOrderedIds } from '../src/kernel/ids.js';
import { consentDecider } from '../src/privacy/consent/decider.js';
import { openSqliteStateStore } from '../src/statestore/sqlite.js';
import type { DerivedKeys } from '../src/vault/keys.js';
import { openSqliteVault } from '../src/vault/sqlite.js';
import type { Home } from './processes.js';
import { CONTACTS_A_COMPANY, saidYes, sampleCompany, sampleContact, scattered } from './sample.js';

/** Somebody with a workspace, signed in. */
export interface Tenant {
  readonly account: string;
  readonly workspace: string;
  readonly token: string;
}

/** Commands under way at a time while a data set is made. */
const SIDE_BY_SIDE = 256;

/** A new installation with one account. */
export const newHome = async (home: Home): Promise<Tenant> => {
  const { installation, close } = await openInstallation(home);
  const { account, workspace } = await installation.signUp({
    name: 'Ada',
    email: 'ada@example.com',
    password: 'correct horse battery',
    workspaceName: 'Lovelace BPO',
    acceptedPolicyVersion: '1',
    confirmsAdult: true,
    commandId: null,
    correlationId: installation.ids.next(),
  });
  const { token } = await installation.sessions.begin(account);
  await installation.caughtUp();
  await close();
  return { account, workspace, token };
};

export const keysOf = ({ masterKeyFile }: Home): Promise<DerivedKeys> => loadKeys({ masterKeyFile });

/** The file that the read models of a home that nobody has open are in. */
export const readModelsOf = async (home: Home): Promise<ReadModelFile> => {
  const keys = await keysOf(home);
  const { dataDir } = home;
  const files = filesIn(dataDir);
  const random = pooledRandomBytes;
  const vault = openSqliteVault({ file: files.vault, fileKey: keys.vault, wrapKey: keys.wrap, random });
  const stateStore = openSqliteStateStore({ file: files.state, fileKey: keys.state, clock: systemClock });
  const ids = timeOrderedIds(systemClock);
  const current = await new ReadModelFiles({ dataDir, vault, stateStore, ids }).current();
  await stateStore.close();
  await vault.shut();
  return current;
};

/**
 * Events of a contact's unit, on average: created 1, updated 1/2, consent 7/10, a deal 1/4, its change of stage 1/8.
 * So of 1,000,000 events 388,000 make contacts, 194,000 change them, 272,000 are consents, 97,000 make deals, 48,500
 * move them; one in 100 contacts brings a company along.
 */
const EVENTS_A_CONTACT = 1 + 1 / 2 + 7 / 10 + 1 / 4 + 1 / 8 + 1 / CONTACTS_A_COMPANY;

/** Appends a history of about so many events to a home that nobody has open, by the product's own command handler. */
export const fillHistory = async (home: Home, tenant: Tenant, events: number): Promise<void> => {
  const keys = await keysOf(home);
  const files = filesIn(home.dataDir);
  const vault = openSqliteVault({
    file: files.vault,
    fileKey: keys.vault,
    wrapKey: keys.wrap,
    random: pooledRandomBytes,
  });
  const eventStore = openSqliteEventStore({ file: files.events, fileKey: keys.events, cacheMiB: 256 });
  const ids = timeOrderedIds(systemClock);
  const handler = new CommandHandler({ eventStore, vault, clock: systemClock, ids, random: pooledRandomBytes });
  const filling = new Filling(handler, tenant, ids.next());
  await filling.contacts(Math.floor(events / EVENTS_A_CONTACT), { lives: true });
  await eventStore.close();
  await vault.shut();
};

/** Contacts with a company and the consents of those who said yes, in read models too. */
export const fillContacts = async (home: Home, tenant: Tenant, count: number): Promise<void> => {
  const { installation, close } = await openInstallation(home);
  const filling = new Filling(installation.handler, tenant, installation.ids.next());
  await filling.contacts(count, { lives: false });
  await installation.caughtUp();
  await close();
};

const STAGES = [
  { id: 'prospecting', outcome: 'OPEN' },
  { id: 'engaging', outcome: 'OPEN' },
  { id: 'won', outcome: 'WON' },
] as const;

class Filling {
  readonly #context: CommandContext;
  readonly #companies: string[] = [];

  constructor(
    private readonly handler: CommandHandler,
    { account, workspace }: Tenant,
    correlationId: string,
  ) {
    this.#context = { workspace, controller: workspace, actor: account, commandId: null, correlationId };
  }

  async contacts(count: number, { lives }: { readonly lives: boolean }): Promise<void> {
    await sideBySide(Math.ceil(count / CONTACTS_A_COMPANY), (number) => this.#company(number));
    await sideBySide(count, async (number) => {
      const contact = await this.#contact(number);
      if (saidYes(number)) await this.#consent(contact.subject);
      if (lives) await this.#life(number, contact.id, contact.subject);
    });
  }

  async #company(number: number): Promise<void> {
    const subject = this.handler.newId(this.#context, 'company');
    this.#companies[number] = subject;
    const create = { type: 'CreateCompany', subject, ...sampleCompany(number) } as const;
    await this.handler.handle(companyDecider, subject, create, this.#context);
  }

  async #contact(number: number): Promise<{ id: string; subject: string }> {
    const { givenName, familyName, city, jobTitle, ...fields } = sampleContact(number);
    const id = this.handler.newId(this.#context, 'contact');
    const subject = derivedId('subject', id);
    const data = {
      ...fields,
      subject,
      name: { givenName, familyName },
      addresses: [{ city }],
      work: { jobTitle },
      company: this.#companies[scattered(number, 10, this.#companies.length)],
    };
    const create: ContactCommand = { type: 'CreateContact', data, given: { today: '2026-11-24' } };
    await this.handler.handle(contactDecider, id, create, this.#context);
    return { id, subject };
  }

  async #consent(subject: string): Promise<void> {
    const give = {
      type: 'GiveConsent',
      subject,
      purpose: 'MARKETING',
      channel: 'EMAIL',
      basis: 'CONSENT',
      noticeVersion: '1',
      means: 'web form',
    } as const;
    await this.handler.handle(consentDecider, subject, give, this.#context);
  }

  async #life(number: number, contact: string, subject: string): Promise<void> {
    if (number % 2 === 0) {
      const data = { subject, work: { jobTitle: 'Owner' } };
      const update: ContactCommand = { type: 'UpdateContact', data, given: { today: '2026-11-24' } };
      await this.handler.handle(contactDecider, contact, update, this.#context);
    }
    if (number % 4 === 0) await this.#deal(number, contact);
  }

  async #deal(number: number, contact: string): Promise<void> {
    const subject = this.handler.newId(this.#context, 'deal');
    const data = {
      subject,
      title: `Contract ${number}`,
      pipeline: derivedId('pipeline', this.#context.workspace),
      stage: 'prospecting',
      contact,
      valueMinor: scattered(number, 13, 1_000_000),
      currency: 'EUR',
    };
    const given = { stages: STAGES.map((stage) => ({ ...stage })) };
    await this.handler.handle(dealDecider, subject, { type: 'CreateDeal', data, given }, this.#context);
    if (number % 8 !== 0) return;
    const move = { type: 'UpdateDeal', data: { subject }, stage: 'won', given } as const;
    await this.handler.handle(dealDecider, subject, move, this.#context);
  }
}

/** Does the work for 0 to `count` - 1, a bounded number at a time. */
const sideBySide = async (count: number, work: (number: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
};
