import { defineEvents, event, subject } from '../../kernel/event.js';

/** The first thing that happens to an installation. Its subject is the installation's id, under which the vault has a key. */
export const installationEvents = defineEvents({
  InstallationFounded: event(1, { subject: subject() }),
});
