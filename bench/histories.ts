import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fillHistory, newHome, type Tenant } from './dataset.js';
import { type Home, homeIn, inProcess } from './processes.js';
import type { RebuildJob, RebuildReport } from './rebuildJob.js';

/** An installation whose read models were filled by the product's rebuild. */
export interface History {
  readonly home: Home;
  readonly tenant: Tenant;
  readonly rebuilt: RebuildReport;
}

/** Installations by the number of their events, each made once for all lines that need it. */
export class Histories {
  readonly #made = new Map<number, Promise<History>>();

  constructor(
    private readonly directory: string,
    private readonly say: (what: string) => void,
  ) {}

  of(events: number): Promise<History> {
    const known = this.#made.get(events) ?? this.#make(events);
    this.#made.set(events, known);
    return known;
  }

  async #make(events: number): Promise<History> {
    const directory = join(this.directory, `history-${events}`);
    mkdirSync(directory);
    const home = homeIn(directory);
    const tenant = await newHome(home);
    this.say(`appending ${events.toLocaleString('en')} events`);
    await fillHistory(home, tenant, events);
    this.say(`rebuilding every read model from ${events.toLocaleString('en')} events`);
    return { home, tenant, rebuilt: await rebuild(home) };
  }
}

/** Rebuilds every projection as the product does, in a process that does nothing else. */
export const rebuild = (home: Home): Promise<RebuildReport> =>
  inProcess<RebuildJob, RebuildReport>('bench/rebuildJob.js', { home });
