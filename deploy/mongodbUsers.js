// Begins the replica set `crm` and makes its administrator and the user `crm`, by mongosh on its first member's own
// address: before there is any user, only from there may anything be done. MEMBERS: the hosts, with commas between them.
// What is there already stays.
const { readFileSync } = require('node:fs');
const secret = (name) => readFileSync(`/secrets/${name}`, 'utf8').trim();
const admin = db.getSiblingDB('admin');

const isSignedIn = () => {
  try {
    return admin.auth('admin', secret('admin-password')).ok === 1;
  } catch {
    return false;
  }
};

if (!isSignedIn()) {
  try {
    const members = process.env.MEMBERS.split(',').map((host, _id) => ({ _id, host: `${host}:27017` }));
    rs.initiate({ _id: 'crm', members });
  } catch (error) {
    if (error.codeName !== 'AlreadyInitialized') throw error;
  }
  while (!admin.hello().isWritablePrimary) sleep(500);
  admin.createUser({ user: 'admin', pwd: secret('admin-password'), roles: ['root'] });
  if (!isSignedIn()) throw new Error('The administrator was made and cannot sign in.');
}
if (admin.getUser('crm') === null) {
  admin.createUser({ user: 'crm', pwd: secret('crm-password'), roles: [{ role: 'readWrite', db: 'crm' }] });
}
