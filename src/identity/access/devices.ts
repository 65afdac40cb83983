import Bowser from 'bowser';
import type { Json } from '../../kernel/canonical.js';
import type { Sealer } from '../../kernel/sealer.js';
import type { StateStore } from '../../statestore/port.js';
import { forgetAll, keptOf, keyFor, keyOf } from './accountState.js';

/** What is known of where somebody signed in. */
export interface Device {
  readonly address?: string;
  /** E.g. `Firefox 133.0`. */
  readonly browser?: string;
  /** E.g. `Windows 10`. */
  readonly system?: string;
}

const SPACE = 'devices';
const MAX_USER_AGENT = 512;

/** Reads the header `User-Agent` (RFC 9110 section 10.1.5) as far as it says anything. */
export const deviceFrom = (address: string | undefined, userAgent: string | undefined): Device => {
  if (userAgent === undefined || userAgent === '') return { address };
  const { browser, os } = Bowser.parse(userAgent.slice(0, MAX_USER_AGENT));
  const words = (...parts: readonly (string | undefined)[]) =>
    parts.filter((part) => part !== undefined && part !== '').join(' ') || undefined;
  return {
    address,
    browser: words(browser.name, browser.version),
    system: words(os.name, os.versionName ?? os.version),
  };
};

/** The devices that sessions were begun on, each sealed under its account's key and kept no longer than the session. */
export class Devices {
  constructor(
    private readonly stateStore: StateStore,
    private readonly sealer: Sealer,
  ) {}

  async remember(account: string, session: string, device: Device, until: number): Promise<void> {
    const sealed = await this.sealer.seal(keyFor(account), { kind: 'Device', id: session }, withoutGaps(device));
    await this.stateStore.put(SPACE, keyOf(account, session), sealed, until);
  }

  /** By session. */
  async of(account: string): Promise<ReadonlyMap<string, Device>> {
    const devices = new Map<string, Device>();
    for (const { id, value } of await keptOf(this.stateStore, SPACE, account)) {
      const device = await this.sealer.open(keyFor(account), { kind: 'Device', id }, value as string);
      if (device !== null) devices.set(id, device as Device);
    }
    return devices;
  }

  /** Answers how many there were. */
  forgetAll(account: string): Promise<number> {
    return forgetAll(this.stateStore, SPACE, account);
  }

  async forget(account: string, sessions: readonly string[]): Promise<void> {
    for (const session of sessions) await this.stateStore.remove(SPACE, keyOf(account, session));
  }
}

const withoutGaps = (device: Device): Json => JSON.parse(JSON.stringify(device));
