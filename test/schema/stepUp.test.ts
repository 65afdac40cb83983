import { buildCrmSchema } from '../../schema/build.js';

/** What is made, changed or taken away with these is a way in, or part of one. */
const WAYS_IN = /ApiKey|Totp|RecoveryCodes|Passkey|OpenId|Ownership/;

/** Those that need no proof: they let nobody in who was not, or they are the proof themselves. */
const WITHOUT: readonly string[] = [
  'beginOpenIdSignIn',
  'beginPasskeySignIn',
  'beginPasskeyStepUp',
  'renamePasskey', // a name to know it by
  'revokeApiKey', // whoever finds a key in other hands has no time to lose
  'signInWithOpenId',
  'signInWithPasskey',
  'stepUpWithPasskey',
];

test('[P5.3] every mutation of a key, a passkey, an identity or a second factor asks for proof anew, but those named', () => {
  const mutations = Object.values(buildCrmSchema().getMutationType()!.getFields());
  const without = mutations
    .filter(({ name, extensions }) => WAYS_IN.test(name) && extensions.stepUp !== true)
    .map(({ name }) => name);
  expect(without.sort()).toEqual([...WITHOUT].sort());
});
