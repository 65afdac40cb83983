import type { Apply } from './projection.js';

/** For a projection whose rows hold nothing of a subject that can be erased. */
export const holdsNobody: { readonly [type: string]: Apply } = { SubjectErased: () => [] };

/** The facet under which a row of a person is found when they are erased. */
export const ofSubject = (subject: string): string => `subject:${subject}`;
