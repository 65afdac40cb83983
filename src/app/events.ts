import { assessmentEvents } from '../audit/assessment/events.js';
import { restoreDrillEvents } from '../audit/restoreDrills/events.js';
import { companyEvents } from '../crm/companies/events.js';
import { contactEvents } from '../crm/contacts/events.js';
import { dealEvents } from '../crm/deals/events.js';
import { pipelineEvents } from '../crm/pipelines/events.js';
import { productEvents } from '../crm/products/events.js';
import { searchEvents } from '../crm/searches/events.js';
import { accountEvents } from '../identity/accounts/events.js';
import { auditEvents } from '../identity/audits/events.js';
import { clientEvents } from '../identity/clients/events.js';
import { installationEvents } from '../identity/installation/events.js';
import { invitationEvents } from '../identity/invitations/events.js';
import { keyEvents } from '../identity/keys/events.js';
import { memberEvents } from '../identity/members/events.js';
import { roleEvents } from '../identity/roles/events.js';
import { teamEvents } from '../identity/teams/events.js';
import { workspaceEvents } from '../identity/workspaces/events.js';
import { EventRegistry } from '../kernel/event.js';
import { anonymisationEvents } from '../privacy/anonymisation/events.js';
import { compactionEvents } from '../privacy/compaction/events.js';
import { consentEvents } from '../privacy/consent/events.js';
import { erasureEvents, erasureProgressEvents, erasureRequestEvents } from '../privacy/erasure/events.js';
import { holdEvents } from '../privacy/holds/events.js';
import { mentionEvents } from '../privacy/mentions/events.js';
import { retentionEvents } from '../privacy/retention/events.js';
import { safeguardEvents } from '../privacy/safeguards/events.js';
import { suppressionEvents } from '../privacy/suppression/events.js';

/** Every event of the product. */
export const allEvents = new EventRegistry(
  installationEvents,
  accountEvents,
  assessmentEvents,
  restoreDrillEvents,
  compactionEvents,
  workspaceEvents,
  memberEvents,
  roleEvents,
  teamEvents,
  invitationEvents,
  keyEvents,
  auditEvents,
  clientEvents,
  companyEvents,
  contactEvents,
  productEvents,
  pipelineEvents,
  dealEvents,
  searchEvents,
  consentEvents,
  erasureRequestEvents,
  erasureProgressEvents,
  holdEvents,
  mentionEvents,
  retentionEvents,
  erasureEvents,
  anonymisationEvents,
  safeguardEvents,
  suppressionEvents,
);
