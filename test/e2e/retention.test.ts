import { historyOf, mutate, newId } from '../support/mutations.js';
import { asking } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary.js';
import { type Colleague, Workplace } from '../support/workplace.js';

const directory = temporaryDirectory();
let now = Date.UTC(2026, 10, 24);
let workplace: Workplace;
let ada: Colleague;
const readingFor = (purpose: string) => asking(workplace, { ...ada, purpose });

beforeAll(async () => {
  workplace = await Workplace.open(directory.path(), { now: () => now });
  ada = await workplace.owner('Ada');
});
afterAll(() => workplace.close());

const GROUND = { class: 'CONSENT_EVIDENCE', law: 'GDPR-7-1', years: 3 };
const ERASURE = `query ($id: ID!) { erasure(id: $id) { results { subjectId keysDestroyed { class }
  kept { class law until } ended { class } } } }`;
const evidenceIn = async (subjectId: string, purpose: string) => {
  const events = await historyOf(readingFor(purpose), { subjectId });
  return events
    .flatMap(({ fields }) => fields)
    .filter(({ personal, value }: { personal: boolean; value: unknown }) => personal && value !== null)
    .map(({ name, value }: { name: string; value: unknown }) => [name, value]);
};

test('[P6.4] a class that a law keeps stays for that purpose alone when the person is erased, and goes by itself when its day is over', async () => {
  const ask = asking(workplace, ada);
  expect(await mutate(ask, 'setRetentionGround', GROUND, 'class law years')).toEqual([GROUND]);
  const contactId = await newId(ask, 'contact', { givenName: 'Grace', notes: ['a note'] });
  const consent = { contactId, purpose: 'MARKETING', channel: 'EMAIL', noticeVersion: '1', evidence: 'signed form 7' };
  await mutate(ask, 'recordConsent', consent, 'position');
  const kept = [{ class: 'CONSENT_EVIDENCE', law: 'GDPR-7-1', until: '2029-12-31' }];
  const preview = 'query ($id: ID!) { erasurePreview(contactIds: [$id]) { kept { class law until } } }';
  expect((await ask(preview, { id: contactId })).erasurePreview).toEqual([{ kept }]);

  const { erasureId: id } = await mutate(ask, 'eraseContact', { id: contactId }, 'erasureId');
  const { results } = (await ask(ERASURE, { id })).erasure;
  const [result] = results;
  expect(result).toMatchObject({ keysDestroyed: [{ class: 'profile' }], kept, ended: [] });
  expect(await evidenceIn(result.subjectId, 'service')).toEqual([]);
  expect(await evidenceIn(result.subjectId, 'legal-obligation')).toEqual([['evidence', 'signed form 7']]);

  const { erasures, keys } = workplace.installation;
  const ref = { workspace: ada.workspace!, subject: result.subjectId, class: 'consent-evidence' } as const;
  now = Date.UTC(2029, 11, 31, 23, 59);
  await erasures.resume();
  expect((await keys.openingKeys([ref]))[0]).not.toBeNull();
  now = Date.UTC(2030, 0, 1);
  await erasures.resume();
  expect(await keys.openingKeys([ref])).toEqual([null]);
  const { ended } = await erasures.state(id, ada.workspace!);
  const [end, ...others] = [...ended.values()];
  expect(others).toEqual([]);
  expect(end).toMatchObject({
    class: 'consent-evidence',
    law: 'GDPR-7-1',
    until: '2029-12-31',
    keys: [{ class: 'consent-evidence' }],
  });
  expect(JSON.parse(end!.certificate)).toMatchObject({
    person: result.subjectId,
    erasure: id,
    keysDestroyed: end!.keys,
  });
});
