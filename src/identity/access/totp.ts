import { generateSecret, generateURI, verify } from 'otplib';

const PERIOD_S = 30;
/** RFC 6238 section 5.2: one step of delay either way. */
const TOLERANCE_S = 30;
const ISSUER = 'BPO Assistant';

/** 160 bits in base32, as authenticators take it (RFC 4226 section 4, R6). */
export const newTotpSecret = (): string => generateSecret({ length: 20 });

/** What an authenticator reads from a QR code. `label` is shown beside the code. */
export const totpUri = (secret: string, label: string): string => generateURI({ issuer: ISSUER, label, secret });

/** The step of time that a code belongs to, or `null` where it is not one of the secret's around `nowMs` (RFC 6238). */
export const totpStep = async (secret: string, code: string, nowMs: number): Promise<number | null> => {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(nowMs / 1000);
  const result = await verify({ secret, token: code, epoch, period: PERIOD_S, epochTolerance: TOLERANCE_S });
  return result.valid ? Math.floor(epoch / PERIOD_S) + result.delta : null;
};
