import { history } from './audit/history.js';
import { companies } from './crm/companies.js';
import { contacts } from './crm/contacts.js';
import { deals } from './crm/deals.js';
import { pipelines } from './crm/pipelines.js';
import { products } from './crm/products.js';
import { access } from './identity/access.js';
import { accounts } from './identity/accounts.js';
import { affiliations } from './identity/affiliations.js';
import { workspaces } from './identity/workspaces.js';
import { projectionRegistry } from './registry.js';

/** Every read model of the product. */
export const allProjections = projectionRegistry([
  accounts,
  workspaces,
  access,
  affiliations,
  companies,
  products,
  pipelines,
  contacts,
  deals,
  history,
]);
