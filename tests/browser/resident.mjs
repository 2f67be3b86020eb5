// A resident of a real program: his record, his card, his account, a page that he is signed in at.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { kPhone, kReal, openPage } from './lib.mjs';
import { residentId } from './people.mjs';

const { PROGRAM, DATA, ADMIN_TOKEN } = process.env;
export const needsProgram = { skip: PROGRAM && DATA ? false : 'needs a program: let run.mjs start it' };
const kPassword = 'bitter melon 77';
const kArea = { tag: [{ system: 'http://tongkang.dev/fhir/sid/area', code: '380102' }] };
// Of this run alone: what failed is played once more against the same program.
const kMark = Date.now() % 1_000_000;

/** As the administrator, past the pages. */
export async function tell(method, path, body) {
  const type = path.startsWith('/fhir') ? 'application/fhir+json' : 'application/json';
  const answer = await fetch(kReal + path, { method, headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

export const aboutHim = (who, resource) => tell('POST', '/fhir/' + resource.resourceType, { meta: kArea, subject: { reference: `Patient/${who.id}` }, ...resource });
export const reading = (who, celsius) =>
  aboutHim(who, { resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }], text: '体温' }, effectiveDateTime: new Date().toISOString(),
    valueQuantity: { value: celsius, unit: '°C', system: 'http://unitsofmeasure.org', code: 'Cel' } });

/** `n` tells residents of one file apart. */
export async function addResident(n, name) {
  const number = residentId('380102', `19${40 + (kMark % 50)}-0${1 + (n % 9)}-12`, (kMark + n * 31) % 1000);
  const { id } = await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: name }], identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }], meta: kArea });
  await tell('POST', '/app/health-card/issue', { patient: `Patient/${id}`, identity: number });
  const account = `me${kMark}-${n}`;
  execFileSync(PROGRAM, ['account', 'add', account, '--kind', 'resident', '--post', 'resident', '--record', `Patient/${id}`, '--display', name, '--data', DATA], { input: kPassword });
  return { id, number, name, account };
}

/** A child in the care of `parent`, with a card. */
export async function addChild(parent, name) {
  const born = `${new Date().getFullYear() - 6}-01-02`, number = residentId('380102', born, kMark % 1000);
  const { id } = await tell('POST', '/fhir/Patient', { resourceType: 'Patient', name: [{ text: name }], birthDate: born, identifier: [{ system: 'http://tongkang.dev/fhir/sid/cn-resident-id', value: number }], meta: kArea });
  const tag = [...kArea.tag, { system: 'http://tongkang.dev/fhir/sid/guardianship', code: 'verified' }];
  const related = await tell('POST', '/fhir/RelatedPerson', { resourceType: 'RelatedPerson', active: true, patient: { reference: `Patient/${id}` }, meta: { tag },
    relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'FTH' }] }],
    extension: [{ url: 'http://tongkang.dev/fhir/StructureDefinition/related-person-patient', valueReference: { reference: `Patient/${parent.id}` } }] });
  const own = await tell('GET', `/fhir/Patient/${parent.id}`);
  await tell('PUT', `/fhir/Patient/${parent.id}`, { ...own, link: [{ other: { reference: `RelatedPerson/${related.id}` }, type: 'seealso' }] });
  await tell('POST', '/app/health-card/issue', { patient: `Patient/${id}`, identity: number });
}

export async function enterAs(browser, who, path, viewport = kPhone) {
  const opened = await openPage(browser, viewport);
  const { page } = opened;
  await page.goto(kReal + path);
  await page.getByLabel('账号').fill(who.account);
  await page.getByLabel('密码', { exact: true }).fill(kPassword);
  await page.keyboard.press('Enter');
  await page.getByLabel('账号').waitFor({ state: 'detached' });
  return opened;
}

/** A picture of the page for people to look at: into LOOK, if it is set. */
export async function look(page, name) {
  if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}/${name}.png` });
}

/** Nothing of the whole page is in Chinese but `names`. */
export async function noChinese(page, names = []) {
  let text = await page.locator('#main').innerText();
  for (const name of names) text = text.replaceAll(name, '');
  assert.doesNotMatch(text, /\p{Script=Han}/u);
}
