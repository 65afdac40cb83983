import { z } from 'zod';
import { defineEvents, event, open, subject } from '../../kernel/event.js';
import { code } from '../../kernel/values.js';

const finding = z.object({
  check: code,
  verdict: z.enum(['met', 'unmet', 'unknown']),
  measured: z.int().optional(),
});

/** The installation looked at itself (P5.2). Its operator's; nothing in it is about a person. */
export const assessmentEvents = defineEvents({
  AssessmentRecorded: event(1, {
    subject: subject(),
    findings: open(z.array(finding).max(100)),
  }),
});
