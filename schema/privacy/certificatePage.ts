import type { ErasureCertificate } from './erasureTypes.js';

const STYLE = `body{font:11pt/1.4 serif;max-width:44em;margin:2em auto;padding:0 1em}h1{font-size:1.5em}
h2{font-size:1.1em;margin-bottom:.2em}td,th{text-align:left;vertical-align:top;padding:.1em 1em .1em 0}
code{font-size:.8em;overflow-wrap:anywhere}@page{margin:2cm}`;

const escaped = (text: unknown): string =>
  String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const rows = (entries: readonly (readonly unknown[])[]): string =>
  `<table>${entries.map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`).join('')}</table>`;

const list = (sentences: readonly string[]): string =>
  `<ul>${sentences.map((sentence) => `<li>${escaped(sentence)}</li>`).join('')}</ul>`;

/** A certificate as people read it, with what it takes to verify it: the text that was signed, and the signature. */
export const certificatePage = ({ certificate, keyId, signature }: ErasureCertificate): string => {
  const said = JSON.parse(certificate);
  const titles = { ERASE: 'Certificate of erasure', ANONYMISE: 'Certificate of anonymisation' } as const;
  const title = titles[said.kind as keyof typeof titles];
  const facts = ['person', 'record', 'controller', 'workspace', 'installation', 'erasure', 'reason'];
  const times = ['requestedAt', 'startedAt', 'carriedOutAt', 'issuedAt'];
  const keys = said.keysDestroyed.map((key: { class: string; fingerprint: string }) => [key.class, key.fingerprint]);
  const kept = said.kept.map((each: { what: string; ground: string; until: string | null }) => [
    ...[each.what, each.ground, each.until ?? 'no end'],
  ]);
  const receipts = said.receipts.map((each: { step: string; name?: string; count?: number; at: string }) => [
    ...[each.step, each.name ?? '', each.count ?? '', each.at],
  ]);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>${rows([...facts, ...times].map((name) => [name, said[name]]))}
<h2>Keys destroyed</h2>${rows(keys)}
<h2>Last backup that may hold a key is gone by</h2><p>${escaped(said.lastKeyBackupExpires ?? 'no keys were backed up')}</p>
<h2>Guaranteed</h2>${list(said.guaranteed)}
<h2>Controlled, not guaranteed</h2>${list(said.controlled)}
<h2>Kept</h2>${rows(kept)}
<h2>Receipts</h2>${rows(receipts)}
<h2>Signature</h2><p>Ed25519 by key <code>${escaped(keyId)}</code>: <code>${escaped(signature)}</code> over the UTF-8 bytes of</p>
<p><code>${escaped(certificate)}</code></p></body></html>`;
};
