/** One mail to one person, plain text: nothing in it that loads from elsewhere or tells that it was opened. */
export interface Message {
  /** Whose keys seal the message while it waits: once they are destroyed it cannot be read or sent any more. */
  readonly recipient: { readonly workspace: string; readonly subject: string };
  /** The address, as RFC 5321 has it. */
  readonly to: string;
  /** The `Subject` of RFC 5322: one line, and nothing that should not stand in a list of mails. */
  readonly subject: string;
  readonly text: string;
}

/** Whose messages: one person's, or everybody's in a workspace. */
export interface Recipients {
  readonly workspace: string;
  readonly subject?: string;
}

export const isAmong = ({ workspace, subject }: Recipients, of: Recipients): boolean =>
  workspace === of.workspace && (of.subject === undefined || subject === of.subject);

/** Outgoing mail. Every adapter passes `test/contract/mail.ts`. */
export interface Mail {
  /**
   * Resolves once the message is on disk, sealed; it leaves soon after. Sent at least once: a crash may repeat it, under
   * the same Message-ID. Errors: SUBJECT_ERASED, STORE_FAILED.
   */
  send(message: Message): Promise<void>;
  /** How long a message is kept at the most, sent or not, in milliseconds. */
  readonly keptMs: number;
  /** Removes the messages that wait for these people. Answers how many. */
  forget(recipients: Recipients): Promise<number>;
  /** Removes what is kept no longer. */
  sweep(): Promise<void>;
  /** Finishes what is on its way; what still waits is taken up at the next start. */
  close(): Promise<void>;
}
