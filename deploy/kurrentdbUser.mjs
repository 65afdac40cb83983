// Makes the user `crm` of KurrentDB, and lets it read the log of all streams, which is otherwise for administrators.
// NODES: the hosts, with commas between them. What is there already stays.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';

const USER = 'crm';
const ATTEMPTS = 60;
const nodes = process.env.NODES.split(',');
const secret = (name) => readFileSync(`/secrets/${name}`, 'utf8').trim();
const adminPassword = secret('admin-password');

/** 201: made; 409: there already. Of a cluster, the leader alone says so. */
const makeUser = async () => {
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`;
  const body = JSON.stringify({ loginName: USER, fullName: 'CRM', groups: [], password: secret('crm-password') });
  const heard = [];
  for (const node of nodes) {
    const headers = { authorization, 'content-type': 'application/json' };
    const { status } = await fetch(`https://${node}:2113/users/`, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body,
    });
    if (status === 201 || status === 409) return;
    heard.push(`${node} ${status}`);
  }
  throw new Error(`No node has made the user: ${heard.join(', ')}.`);
};

const mayReadAll = async () => {
  const hosts = nodes.map((node) => `${node}:2113`).join(',');
  const client = KurrentDBClient.connectionString(
    `kurrentdb://admin:${adminPassword}@${hosts}?tls=true&tlsCAFile=${process.env.NODE_EXTRA_CA_CERTS}`,
  );
  await client.setStreamMetadata('$all', { acl: { readRoles: ['$admins', USER] } });
  await client.dispose();
};

for (let attempt = 1; ; attempt++) {
  try {
    await makeUser();
    await mayReadAll();
    process.exit(0);
  } catch (error) {
    // The first election may not be over yet. Never the whole error: it may hold the request.
    process.stderr.write(`${error.name}: ${error.message.replaceAll(adminPassword, '…')}\n`);
    if (attempt === ATTEMPTS) process.exit(1);
    await pause(2_000);
  }
}
