import { parse } from 'graphql';
import { createDocuments } from '../../schema/documents.js';

const kept = async (source: string): Promise<boolean> => {
  const documents = createDocuments();
  await documents!.set('key', parse(source));
  return (await documents!.get('key')) !== undefined;
};

test('[P7.3] a parsed document is kept where nobody’s words are in it', async () => {
  expect(await kept('query ($search: String) { contacts(filter: { search: $search }) { nodes { id } } }')).toBe(true);
});

test('[P7.3] a parsed document with a text or a remark in it is not: no erasure would reach it there', async () => {
  expect(await kept('{ contacts(filter: { search: "Grace" }) { nodes { id } } }')).toBe(false);
  expect(await kept('{ contacts(filter: { search: """Grace""" }) { nodes { id } } }')).toBe(false);
  expect(await kept('{ contacts { totalCount } } # of Grace')).toBe(false);
});
