import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { guarded } from './access.js';
import { AccessLogResolver, ContactAccessResolver } from './audit/accessLog.js';
import { HistoryResolver } from './audit/history.js';
import { CompanyResolver } from './crm/companies.js';
import { ContactResolver } from './crm/contacts.js';
import { DealResolver } from './crm/deals.js';
import { FindResolver } from './crm/find.js';
import { ImportResolver } from './crm/imports.js';
import { PipelineResolver } from './crm/pipelines.js';
import { ProductResolver } from './crm/products.js';
import { AccountResolver } from './identity/accounts.js';
import { AuditAccessResolver } from './identity/audits.js';
import { ClosingResolver } from './identity/closing.js';
import { CredentialResolver } from './identity/credentials.js';
import { KeyResolver } from './identity/keys.js';
import { MemberResolver } from './identity/members.js';
import { OpenIdResolver } from './identity/openId.js';
import { PasskeyResolver } from './identity/passkeys.js';
import { RoleResolver } from './identity/roles.js';
import { SecondFactorResolver } from './identity/secondFactor.js';
import { SessionResolver } from './identity/sessions.js';
import { WorkspaceResolver } from './identity/workspaces.js';
import { AnonymityResolver } from './privacy/anonymity.js';
import { ConsentResolver } from './privacy/consent.js';
import { ErasureResolver } from './privacy/erasure.js';
import { ErasurePreviewResolver } from './privacy/erasurePreview.js';
import { HoldResolver } from './privacy/holds.js';
import { MentionResolver } from './privacy/mentions.js';
import { RetentionResolver } from './privacy/retention.js';
import { SafeguardResolver } from './privacy/safeguards.js';
import { noteReads } from './reading.js';
import { readings } from './readings.js';
import { enforceStepUp } from './stepUp.js';

/** type-graphql asks for one before it looks whether any subscription uses it; ours follow the event store instead. */
const followsTheLog = {
  subscribe: () => {
    throw new TypeError('Subscriptions follow the event store.');
  },
  publish: () => undefined,
};

/** The whole API. Throws where a field says nothing of who may use it. */
export const buildCrmSchema = (): GraphQLSchema => noteReads(guarded(enforceStepUp(bareSchema())), readings);

/** Types and resolvers alone: nobody is asked what they may do, and no read is noted. Served by the bench, and nowhere else. */
export const bareSchema = (): GraphQLSchema =>
  buildSchemaSync({
    resolvers: [
      AccountResolver,
      CredentialResolver,
      ClosingResolver,
      SessionResolver,
      SecondFactorResolver,
      PasskeyResolver,
      OpenIdResolver,
      WorkspaceResolver,
      MemberResolver,
      RoleResolver,
      KeyResolver,
      AuditAccessResolver,
      CompanyResolver,
      ContactResolver,
      ProductResolver,
      PipelineResolver,
      DealResolver,
      ImportResolver,
      FindResolver,
      ConsentResolver,
      ErasureResolver,
      AnonymityResolver,
      SafeguardResolver,
      RetentionResolver,
      HoldResolver,
      ErasurePreviewResolver,
      MentionResolver,
      HistoryResolver,
      AccessLogResolver,
      ContactAccessResolver,
    ],
    validate: false,
    pubSub: followsTheLog,
  });
