/** People and companies that do not exist: the same for the same number. */

const GIVEN =
  'Ada Bela Carla Dina Emil Frida Goran Hanna Ivo Jana Karim Lena Milo Nora Otto Petra Quinn Rosa Sven Tilda'.split(
    ' ',
  );
const FAMILY_BEGIN = 'Al Ber Cor Dal Ek Fal Gar Hol Is Jen Kar Lin Mar Nor Ost Pet Quist Rud Sand Tor'.split(' ');
const FAMILY_END =
  'ana berg croft dahl eva feld gren holm inger jord ksen lund mann nes oulos quist ros son thal vik'.split(' ');
const CITIES = 'Berlin Lisbon Oslo Porto Riga Tallinn Utrecht Vienna Warsaw Zagreb'.split(' ');
const TITLES = ['Buyer', 'Head of Operations', 'Accountant', 'Support Lead', 'Owner'];
const TAGS = ['customer', 'prospect', 'partner', 'supplier'];

/** Contacts that work at one company. */
export const CONTACTS_A_COMPANY = 100;

/** A whole number below `below` that follows from the two numbers without a pattern (the finaliser of MurmurHash3). */
export const scattered = (number: number, salt: number, below: number): number => {
  let hash = Math.imul(number ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % below;
};

const pick = <T>(values: readonly T[], number: number, salt: number): T =>
  values[scattered(number, salt, values.length)]!;

export const cityOf = (number: number): string => pick(CITIES, number, 4);
export const cities: readonly string[] = CITIES;
export const tags: readonly string[] = TAGS;

/** Seven in ten said yes to marketing by e-mail. */
export const saidYes = (number: number): boolean => scattered(number, 8, 10) < 7;

/** The fields that the API and the events share: a name, one or two addresses and tags, a number, a city, a job title. */
export const sampleContact = (number: number) => {
  const givenName = pick(GIVEN, number, 1);
  const familyName = pick(FAMILY_BEGIN, number, 2) + pick(FAMILY_END, number, 3);
  const mailbox = `${givenName}.${familyName}.${number}`.toLowerCase();
  const work = { value: `${mailbox}@work.example`, label: 'work' };
  return {
    givenName,
    familyName,
    emails: scattered(number, 5, 2) === 0 ? [work] : [work, { value: `${mailbox}@home.example`, label: 'home' }],
    phones: [{ value: `+49 30 ${1_000_000 + number}`, label: 'work' }],
    city: cityOf(number),
    jobTitle: pick(TITLES, number, 6),
    tags: scattered(number, 9, 20) === 0 ? [pick(TAGS, number, 7), 'vip'] : [pick(TAGS, number, 7)],
  };
};

export const sampleCompany = (number: number) => ({
  name: `${pick(FAMILY_BEGIN, number, 11)}${pick(FAMILY_END, number, 12)} ${number}`,
  domain: `company-${number}.example`,
  location: cityOf(number),
});
