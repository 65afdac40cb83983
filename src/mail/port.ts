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

/** Outgoing mail. Every adapter passes `test/contract/mail.ts`. */
export interface Mail {
  /**
   * Resolves once the message is on disk, sealed; it leaves soon after. Sent at least once: a crash may repeat it, under
   * the same Message-ID. Errors: SUBJECT_ERASED, STORE_FAILED.
   */
  send(message: Message): Promise<void>;
  /** Finishes what is on its way; what still waits is taken up at the next start. */
  close(): Promise<void>;
}
