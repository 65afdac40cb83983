/** Files to import, of our own making: people, and a pipeline with what it refers to. */

export const PEOPLE = [
  'Contact ID;First Name;Last Name;E-mail;Mobile;Birthday;Company;Shoe Size',
  'p-1;Zoë;Brückner;zoe@kunde.example;+49 170 111;1980-05-17;Kunde GmbH;38',
  'p-2;Łukasz;Ślązak;lukasz@kunde.example;;;;44',
  'p-3;"O""Neill, Jr.";Núñez;;+34 600 222;;;',
].join('\r\n');

export const DEALS = [
  'Opportunity ID,Sales Agent,Product,Account,Deal Stage,Engage Date,Close Date,Close Value',
  'D-1,Ann Smith,Widget,Acme,Won,10/20/2025,3/1/2026,"1,054.50"',
  'D-2,Bob Jones,Gadgt,Acme,Engaging,11/1/2025,,',
  'D-3,Ann Smith,Widget,,Prospecting,,,',
  'D-4,Ann Smith,Widget,Acme,Dreaming,,,',
  'D-5,Ann Smith,Widget,Acme,Lost,13/13/2025,12/31/2025,0',
].join('\n');
export const COMPANIES =
  'account,sector,revenue,subsidiary of\nAcme,retail,1100.04,Acme Holding\nAcme Holding,finance,5,\n';
export const PRODUCTS = 'product,series,sales price\nWidget,W,550\n';
export const AGENTS = 'sales agent,manager,regional office\nAnn Smith,Eva Chief,Central\nBob Jones,Eva Chief,West\n';
