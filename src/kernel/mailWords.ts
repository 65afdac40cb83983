import type { Message } from '../mail/port.js';

/** What is said, without to whom. Subjects name no person: they show on locked screens. */
export type Words = Pick<Message, 'subject' | 'text'>;

/** The text of a mail: its paragraphs, and who writes. */
export const signed = (...paragraphs: readonly string[]): string => `${paragraphs.join('\n\n')}\n\nBPO Assistant\n`;

/** What opens the page stands behind `#`, which browsers send to no server and no log. */
export const linkTo = (appUrl: string, page: string, token: string): string => `${appUrl}/${page}#${token}`;
