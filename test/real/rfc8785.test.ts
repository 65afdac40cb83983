import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../src/kernel/canonical.js';
import { describeReal } from './realData.js';

describeReal('rfc8785/testdata', 'RFC 8785, published vectors', (folder) => {
  for (const name of readdirSync(join(folder, 'input'))) {
    test(`the published canonical form of ${name}`, () => {
      const input = JSON.parse(readFileSync(join(folder, 'input', name), 'utf8'));
      expect(canonicalJson(input)).toBe(readFileSync(join(folder, 'output', name), 'utf8').trimEnd());
      const hex = readFileSync(join(folder, 'outhex', name.replace('.json', '.txt')), 'utf8').replace(/\s/g, '');
      expect(Buffer.from(canonicalJson(input)).toString('hex')).toBe(hex);
    });
  }
});
