import { type ImportProblem, type ProblemCode, problem } from './problem.js';
import { type LogicalLine, parseProperty, unfold, type VCardProperty } from './vcardLines.js';

/** A whole card, its properties not yet interpreted. */
export interface RawCard {
  /** The line of its BEGIN:VCARD, counted from 1. */
  readonly line: number;
  /** Which BEGIN:VCARD of the file, counted from 1. */
  readonly card: number;
  readonly properties: readonly VCardProperty[];
}

interface OpenCard extends RawCard {
  readonly properties: VCardProperty[];
  /** Whole cards inside this one: a vCard 2.1 carries its AGENT so. */
  readonly inside: OpenCard[];
}

interface Splitting {
  readonly whole: OpenCard[];
  readonly problems: ImportProblem[];
  /** The innermost card last. */
  readonly open: OpenCard[];
  begun: number;
  /** One report is enough for all lines between two cards. */
  strayReported: boolean;
}

const report = (splitting: Splitting, code: ProblemCode, line: number, card?: number): void => {
  splitting.problems.push(problem(code, { line, column: 1, card }));
};

function reportStray(splitting: Splitting, line: number): void {
  if (!splitting.strayReported) report(splitting, 'CARD_NOT_BEGUN', line);
  splitting.strayReported = true;
}

/** Cards inside a torn one may well be others that it swallowed: they are kept. */
function giveUp(splitting: Splitting, card: OpenCard, code: ProblemCode): void {
  report(splitting, code, card.line, card.card);
  splitting.whole.push(...card.inside);
}

function giveUpOpenCards(splitting: Splitting): void {
  for (const card of splitting.open.splice(0)) giveUp(splitting, card, 'CARD_NOT_ENDED');
}

function beginCard(splitting: Splitting, line: number): void {
  const last = splitting.open.at(-1)?.properties.at(-1);
  const isAgent = last?.name === 'AGENT' && last.legacy && last.value.trim() === '';
  if (!isAgent) giveUpOpenCards(splitting);
  splitting.begun++;
  splitting.strayReported = false;
  splitting.open.push({ line, card: splitting.begun, properties: [], inside: [] });
}

function endCard(splitting: Splitting, line: number): void {
  const card = splitting.open.pop();
  if (!card) {
    reportStray(splitting, line);
    splitting.strayReported = false;
  } else if (card.properties.filter(({ name }) => name === 'VERSION').length > 1) {
    giveUp(splitting, card, 'CARDS_RUN_TOGETHER');
  } else {
    (splitting.open.at(-1)?.inside ?? splitting.whole).push(card);
  }
}

function addProperty(splitting: Splitting, line: LogicalLine): void {
  const card = splitting.open.at(-1);
  const property = parseProperty(line);
  if (!card) reportStray(splitting, line.line);
  else if (property) card.properties.push(property);
  else report(splitting, 'GARBAGE_LINE', line.line, card.card);
}

/**
 * The whole cards of a file. A torn card is reported and left out, and costs none of the others; a line that is no
 * property is reported, and its card kept without it.
 */
export function splitCards(text: string): { cards: RawCard[]; problems: ImportProblem[] } {
  const splitting: Splitting = { whole: [], problems: [], open: [], begun: 0, strayReported: false };
  for (const line of unfold(text)) {
    if (line.boundary === 'begin') beginCard(splitting, line.line);
    else if (line.boundary === 'end') endCard(splitting, line.line);
    else addProperty(splitting, line);
  }
  giveUpOpenCards(splitting);
  return { cards: splitting.whole, problems: splitting.problems };
}
