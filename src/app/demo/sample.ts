/** Sample data for the demo: people and companies that do not exist. */

export const companiesCsv = `name,sector,employees,location,year established
Northwind Ceramics,manufacturing,140,Portugal,1988
Halden Logistics,transport,620,Norway,1974
Quince & Quill,publishing,12,Ireland,2016
Bluefin Analytics,software,85,Canada,2011
`;

export const productsCsv = `product,series,price
Inbox Desk,Support,49.00
Night Shift,Support,129.00
Ledger Care,Back office,249.00
`;

export const agentsCsv = `sales agent,manager,regional office
Mira Okafor,Jonas Lindqvist,North
Tomás Barreto,Jonas Lindqvist,South
`;

export const dealsCsv = `opportunity id,sales agent,product,account,deal stage,engage date,close date,close value
D-1001,Mira Okafor,Inbox Desk,Northwind Ceramics,Won,2026-02-03,2026-03-15,5880
D-1002,Mira Okafor,Night Shift,Halden Logistics,Engaging,2026-05-11,,
D-1003,Tomás Barreto,Ledger Care,Quince & Quill,Lost,2026-01-20,2026-02-28,0
D-1004,Tomás Barreto,Ledger Care,Bluefin Analytics,Won,2026-03-02,2026-04-30,29880
D-1005,Mira Okafor,Inbox Desk,,Prospecting,,,
`;

export const contactsVcf = `BEGIN:VCARD
VERSION:4.0
UID:sample-1
N:Ferreira;Inês;;;
FN:Inês Ferreira
ORG:Northwind Ceramics
TITLE:Head of Operations
EMAIL;TYPE=work:ines@northwind.example
TEL;TYPE=work:+351 21 555 0101
CATEGORIES:customer,ceramics
END:VCARD
BEGIN:VCARD
VERSION:3.0
UID:sample-2
N:Aas;Sverre;;;
FN:Sverre Aas
ORG:Halden Logistics
EMAIL;TYPE=INTERNET,WORK:sverre@halden.example
BDAY:1979-08-14
CATEGORIES:prospect
END:VCARD
BEGIN:VCARD
VERSION:3.0
UID:sample-3
N:Quill;Orla;;;
FN:Orla Quill
ORG:Quince & Quill
EMAIL;TYPE=INTERNET:orla@quince.example
END:VCARD
`;
