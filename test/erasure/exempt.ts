/** Places of mutations in which no contact is written about, and why: the story need not write there. */
export const exempt: readonly (readonly [place: RegExp, why: string])[] = [
  [/\.(?:encoding|currency|noticeVersion|mapping\.field|decisions\.field|law)$/, 'a code'],
  [/\.importDeals\.input\.\w+\.mapping\.label$/, 'records of deals have no labels'],
  [/\.(?:createCompany|createDeal|createProduct)\.input\.externalId$/, 'the id of that record elsewhere'],
  [/\.(?:token|refreshToken|code|password|currentPassword|newPassword)$/, 'a secret of an account holder'],
  [
    /Passkey\.input\.(?:name|response)$|OpenId\w*\.input\.(?:provider|attempt|response)$/,
    'of how an account holder signs in',
  ],
  [/\.(?:signUp\.input|signInWithOpenId\.input\.signUp)\.\w+$/, 'of the account holder, who is another subject'],
  [/\.(?:signIn|requestPasswordReset|inviteMember)\.input\.email$|\.newEmail$/, 'the address of an account holder'],
  [
    /\.(?:createApiKey|definePipeline|defineRole|defineTeam|addClient)\.input(?:\.stages)?\.name$/,
    'a name of the workspace’s own',
  ],
  [/\.grantAuditAccess\.input\.note$/, 'about an auditor, who is a member'],
];

export const isExempt = (place: string): boolean => exempt.some(([pattern]) => pattern.test(place));
