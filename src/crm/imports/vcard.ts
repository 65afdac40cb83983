import type { ImportProblem } from './problem.js';
import { splitCards } from './vcardCards.js';
import { readContact, type VCardContact } from './vcardContact.js';

export type { VCardContact };

/**
 * Reads every card of a file: vCard 2.1 (the versit Consortium's of 1996), 3.0 (RFC 2426) and 4.0 (RFC 6350), mixed as
 * they come. Pictures, sounds, keys and agents are left out.
 *
 * Nothing is thrown. A torn card (CARD_NOT_BEGUN, CARD_NOT_ENDED, CARDS_RUN_TOGETHER) or an empty one (MISSING_VALUE) is
 * left out and costs none of the others. What else is wrong (GARBAGE_LINE, BAD_TEXT, BAD_DATE, BAD_EMAIL) costs the card
 * no more than that value, and a value that could be read but not understood is kept under `other`.
 * @param text the whole file, as `decodeText` gives it
 */
export function readVCards(text: string): { cards: VCardContact[]; problems: ImportProblem[] } {
  const { cards: rawCards, problems } = splitCards(text);
  const cards: VCardContact[] = [];
  for (const rawCard of rawCards) {
    const { contact, problems: found } = readContact(rawCard);
    if (contact) cards.push(contact);
    problems.push(...found);
  }
  problems.sort((left, right) => left.line - right.line);
  return { cards, problems };
}
